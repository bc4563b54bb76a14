import assert from "node:assert/strict";
import { matcherOf } from "../../src/base/names/patterns.ts";
import { Failure } from "../../src/base/errors.ts";
import { parseRights } from "../../src/keys/rights.ts";
import { Gate, type GateOptions } from "../../src/server/gate.ts";
import { textOf } from "../../src/wire/unread/bytes.ts";

/** A connection that is asked for nothing. */
const nobody = {
  key: {},
  isFull: false,
  drained: () => Promise.resolve(),
  cancel() {},
  more() {},
  takes() {},
  idle() {},
};

/** What a gate lets through, and what it answers itself. */
class Visit {
  readonly passed: string[] = [];
  readonly #gate: Gate;

  constructor(rights: string, options: Partial<GateOptions> = {}) {
    this.#gate = new Gate({
      caller: { name: "bob", rights: parseRights(rights) },
      server: "alpha",
      service: "rpc",
      isWelcome: () => true,
      next: {
        dispatch: ({ method }) => {
          this.passed.push(method);
          return undefined;
        },
      },
      ...options,
    });
  }

  end(refusal: Failure): void {
    this.#gate.end(refusal);
  }

  /** Sends a request, and returns what the gate answered itself: a result, or an error's name. */
  send(method: string, params?: Record<string, unknown>): unknown {
    const answer = this.answer(method, params);
    return answer instanceof Failure ? answer.name : answer;
  }

  /** The same with the whole error. */
  answer(method: string, params?: Record<string, unknown>): unknown {
    let answer: unknown;
    this.#gate.dispatch({
      jsonrpc: "2.0",
      id: 1,
      method,
      ...(params === undefined ? {} : { params }),
    }, {
      succeed: (result) => answer = result,
      succeedWithJson: (result) => answer = JSON.parse(textOf(result)),
      fail: (error) => answer = error,
    }, nobody);
    return answer;
  }
}

Deno.test("before the greeting nothing passes, not even a heartbeat (P-67)", () => {
  const visit = new Visit("admin");
  for (const method of ["fib", "rpc.ping", "rpc.discover", "rpc.stats", "rpc.cancel", "rpc.none"]) {
    assert.equal(visit.send(method), "Unauthenticated", method);
  }
  assert.deepEqual(visit.passed, []);
});

Deno.test("the greeting names server, caller and rights, and what they allow passes (P-67)", () => {
  const visit = new Visit("read,call:fib*");
  assert.deepEqual(visit.send("rpc.hello", { service: "rpc" }), {
    server: "alpha",
    caller: "bob",
    rights: "read,call:fib*",
  });
  for (const method of ["fib", "fibonacci", "rpc.ping", "rpc.discover", "rpc.stats"]) {
    assert.equal(visit.send(method), undefined, method);
  }
  assert.equal(visit.passed.length, 5);
});

Deno.test("once it has ended nothing new passes, but what concerns the calls under way does (P-78)", () => {
  const visit = new Visit("read,call:*");
  visit.send("rpc.hello", { service: "rpc" });
  visit.end(new Failure("Unauthenticated", "The certificate has expired"));
  for (const method of ["fib", "rpc.ping", "rpc.renew", "rpc.stats", "rpc.hello"]) {
    assert.equal(visit.send(method, { service: "rpc" }), "Unauthenticated", method);
  }
  // A stream needs credit, and whoever gives up a call says so.
  for (const method of ["rpc.more", "rpc.cancel"]) assert.equal(visit.send(method), undefined);
  assert.deepEqual(visit.passed, ["rpc.more", "rpc.cancel"]);
});

Deno.test("what the rights do not name is denied, however it is asked (P-69)", () => {
  const visit = new Visit("read,call:fib*");
  visit.send("rpc.hello", { service: "rpc" });
  for (const method of ["ping", "xfib", "FIB", "", "rpc.none", "__proto__"]) {
    assert.equal(visit.send(method), "PermissionDenied", method);
    assert.equal(visit.send(method), "PermissionDenied", `${method} again`);
  }
  assert.deepEqual(visit.passed, []);
});

Deno.test("a greeting to another service, or to none, lets nothing through (P-67)", () => {
  const wrong = [{ service: "other" }, { service: "RPC" }, {}, { service: ["rpc"] }, undefined];
  for (const params of wrong) {
    const visit = new Visit("admin");
    assert.equal(visit.send("rpc.hello", params), "Unauthenticated", JSON.stringify(params));
    assert.equal(visit.send("fib"), "Unauthenticated");
  }
});

Deno.test("who is left out by --callers, or has no rights at all, is told at the greeting (P-69)", () => {
  const outside = new Visit("admin", { isWelcome: matcherOf(["alice", "win-*"]) });
  assert.equal(outside.send("rpc.hello", { service: "rpc" }), "PermissionDenied");
  assert.equal(outside.send("rpc.ping"), "Unauthenticated");
  const nobody = { name: "zoo", rights: { call: [], serve: false, admin: false, read: false } };
  const without = new Visit("read", { caller: nobody });
  assert.equal(without.send("rpc.hello", { service: "rpc" }), "PermissionDenied");
});

Deno.test("a private server wants its secret, whole", () => {
  const isLetIn = (secret: unknown) => {
    const visit = new Visit("admin", { secret: "s3cret" });
    return visit.send("rpc.hello", { service: "rpc", secret }) !== "Unauthenticated";
  };
  assert.equal(isLetIn("s3cret"), true);
  for (const wrong of [undefined, "", "s3cre", "s3cret\0", "S3cret", ["s3cret", "x"]]) {
    assert.equal(isLetIn(wrong), false, JSON.stringify(wrong));
  }
});

Deno.test("names of methods that a caller makes up cost a bounded memory", () => {
  const visit = new Visit("read");
  visit.send("rpc.hello", { service: "rpc" });
  for (let i = 0; i < 5_000; i++) assert.equal(visit.send(`m${i}`), "PermissionDenied");
  assert.equal(visit.send("m0"), "PermissionDenied");
});

Deno.test("who has not greeted renews nothing, and no server can that was not made for it (P-73)", async () => {
  const made: string[] = [];
  const renew = ({ name }: { readonly name: string }, request: string) => {
    made.push(name);
    return Promise.resolve(`certificate for ${request}`);
  };
  const visit = new Visit("read", { renew });
  assert.equal(visit.send("rpc.renew", { request: "r" }), "Unauthenticated");
  visit.send("rpc.hello", { service: "rpc" });
  const refused = visit.answer("rpc.renew", { request: 1 });
  assert.ok(refused instanceof Failure && refused.name === "InvalidParams");
  assert.deepEqual(refused.issues?.map(({ path }) => path), [["request"]], "P-21");
  assert.equal(visit.send("rpc.renew", { request: "r" }), undefined);
  assert.equal(visit.send("rpc.renew", { request: "r" }), "Overloaded", "one after the other");
  await Promise.resolve();
  assert.deepEqual(made, ["bob"]);

  const other = new Visit("read");
  other.send("rpc.hello", { service: "rpc" });
  other.send("rpc.renew", { request: "r" });
  assert.deepEqual(other.passed, ["rpc.renew"], "the dispatcher says MethodNotFound");
});

Deno.test("rpc.override wants admin, which the right to call everything is not (P-74)", () => {
  const hello = { service: "rpc" };
  for (const rights of ["read", "call", "call,serve", "call:rpc.override"]) {
    const visit = new Visit(rights);
    visit.send("rpc.hello", hello);
    assert.equal(visit.send("rpc.override", { drained: true }), "PermissionDenied", rights);
    assert.deepEqual(visit.passed, []);
  }
  const visit = new Visit("admin");
  visit.send("rpc.hello", hello);
  visit.send("rpc.override", { drained: true });
  assert.deepEqual(visit.passed, ["rpc.override"]);
});

Deno.test("rpc.tap wants the right to read, and hides what its caller may not call (P-76)", () => {
  const none = new Visit("read");
  assert.equal(none.send("rpc.tap"), "Unauthenticated");
  const items: unknown[] = [];
  const event = { method: "fib", params: "[1]", outcome: "InternalError", message: "no 1" };
  const gate = new Gate({
    caller: { name: "bob", rights: parseRights("call:pi,call:log") },
    server: "alpha",
    service: "rpc",
    isWelcome: () => true,
    next: {
      dispatch(request, reply) {
        reply.stream?.items([null, event, { ...event, method: "pi" }]);
        reply.succeed(request.method);
        return undefined;
      },
    },
  });
  const results: unknown[] = [];
  for (const method of ["rpc.hello", "rpc.tap", "log"]) {
    gate.dispatch({ jsonrpc: "2.0", id: 1, method, params: { service: "rpc" } }, {
      stream: { credit: 8, items: (more) => void items.push(...more) },
      succeed: (result) => results.push(result),
      succeedWithJson() {},
      fail: (error: Failure) => results.push(error.name),
    }, nobody);
  }
  assert.deepEqual(results.slice(1), ["rpc.tap", "log"]);
  assert.deepEqual(items, [
    null,
    { method: "fib", params: null, outcome: "InternalError" },
    { ...event, method: "pi" },
    // A stream of the service's own may look alike, and is passed on as it is.
    ...[null, event, { ...event, method: "pi" }],
  ]);
});

Deno.test("once it has ended its caller hears no more of others' calls (P-78)", () => {
  const events: string[] = [];
  const gate = new Gate({
    caller: { name: "thief", rights: parseRights("read") },
    server: "alpha",
    service: "rpc",
    isWelcome: () => true,
    next: {
      dispatch: (_request, reply) => ({
        cancel: () => reply.fail(new Failure("Cancelled", "Nobody listens any more")),
        more() {},
      }),
    },
  });
  for (const method of ["rpc.hello", "rpc.tap", "rpc.stats"]) {
    gate.dispatch({ jsonrpc: "2.0", id: 1, method, params: { service: "rpc" } }, {
      succeed() {},
      succeedWithJson() {},
      fail: ({ message }: Failure) => events.push(`${method}: ${message}`),
    }, nobody);
  }
  gate.end(new Failure("Unauthenticated", "expired"));
  gate.end(new Failure("Unauthenticated", "expired"));
  assert.deepEqual(events, ["rpc.tap: expired"], "and what is under way goes on");
});

Deno.test("verdicts are remembered, but not of more methods than any service has", () => {
  const visit = new Visit("call:fib");
  visit.send("rpc.hello", { service: "rpc" });
  const refusal = visit.answer("pi");
  assert.ok(refusal instanceof Failure && refusal.name === "PermissionDenied");
  assert.equal(visit.answer("pi"), refusal);
  // A caller that makes names up: what was remembered for each would fill the memory.
  for (let i = 0; i < 2_000; i++) visit.send(`made-up-${i}`);
  assert.notEqual(visit.answer("pi"), refusal);
  assert.equal(visit.send("pi"), "PermissionDenied");
  assert.equal(visit.send("fib"), undefined);
});
