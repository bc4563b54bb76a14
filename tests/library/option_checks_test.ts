import assert from "node:assert/strict";
import { connect, type ConnectOptions, serve, type ServeOptions } from "rpc";

/** A registry that nobody is in, and that is never opened. */
const registry = "static:127.0.0.1:1";
const module = import.meta.resolve("./fixtures/tasks.ts");

Deno.test("connect() and serve() refuse options of a kind that they cannot be, in typed errors", async () => {
  const both: [object | null, RegExp][] = [
    [null, /the options: they must be an object/],
    [5 as unknown as object, /the options: they must be an object/],
    [{ registry: 5 }, /registry: it must be a text/],
    [{ registry: "" }, /the registry ""/],
    [{ service: 5 }, /service: it must be a text/],
    [{ zone: {} }, /zone: it must be a text/],
    [{ lastKnownDir: 5 }, /lastKnownDir: it must be a text/],
    [{ insecure: "no" }, /insecure: it must be true or false/],
    [{ log: console.log }, /log: it must have the functions debug/],
    [{ log: {} }, /log: it must have the functions debug/],
    [{ tracer: {} }, /tracer: it must have the function start/],
  ];
  for (const [more, message] of both) {
    const is = { name: "InvalidParams", message };
    const options = typeof more === "object" && more !== null ? { registry, ...more } : more;
    await assert.rejects(connect(options as ConnectOptions), is);
    const served = options === more ? options : { module, ...options };
    await assert.rejects(serve(served as ServeOptions), is);
  }
});

Deno.test("serve() refuses what names no program, no module and no callers", async () => {
  const cases: [object, RegExp][] = [
    [{}, /Cannot serve nothing: give module, exec or builtin/],
    [{ builtin: false }, /Cannot serve nothing/],
    [{ builtin: "yes" }, /builtin: it must be true or false/],
    [{ module: 5 }, /module: it must be a text or a URL/],
    [{ exec: "python3 tasks.py" }, /exec: it must be an array of a program and its arguments/],
    [{ exec: [] }, /exec: it must be an array/],
    [{ exec: [" "] }, /exec: it must be an array/],
    [{ exec: ["python3", 5] }, /exec: it must be an array/],
    [{ module, python: [""] }, /python: it must be an array/],
    [{ module, host: 5 }, /host: it must be a text/],
    [{ module, advertise: 5 }, /advertise: it must be a text/],
    [{ module, tap: "no" }, /tap: it must be true or false/],
    [{ module, callers: "alice" }, /callers: it must be an array of texts/],
    [{ module, callers: [] }, /callers: it must be an array of texts/],
    // Without keys nobody is known, and all would be let in.
    [{ module, callers: ["alice bob"] }, /callers: it must be an array of texts/],
    [{ module, callers: ["alice"] }, /callers needs rpc keys init/],
  ];
  for (const [options, message] of cases) {
    const given = { registry, insecure: true, ...options } as ServeOptions;
    await assert.rejects(serve(given), { name: "InvalidParams", message }, Deno.inspect(options));
  }
});
