import assert from "node:assert/strict";
import * as z from "zod";
import { RpcError } from "../../src/base/errors.ts";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { invoke } from "../../src/procedures/invoke.ts";
import { type CallParams, issuesMax } from "../../src/procedures/params.ts";
import { defineProcedure, type Procedure } from "../../src/procedures/procedure.ts";
import { startStream } from "../../src/procedures/stream_run.ts";
import { decodeRequest } from "../support/decode_request.ts";
import type { Request } from "../../src/wire/message.ts";

const area = defineProcedure({
  input: z.tuple([z.number(), z.number().min(0), z.string().optional()]),
  names: ["width", "height", "unit"],
  output: z.string(),
}, ([width, height, unit]) => `${width * height}${unit ?? ""}`);

const point = defineProcedure({
  input: z.object({ x: z.number(), at: z.object({ y: z.number() }).optional() }),
  output: z.number(),
}, ({ x, at }) => x + (at?.y ?? 0));

const total = defineProcedure({
  input: z.tuple([z.number()], z.number()),
  names: ["first"],
  output: z.number(),
}, (numbers) => numbers.reduce((sum, value) => sum + value, 0));

function call(procedure: Procedure, params: CallParams): unknown {
  return invoke("it", procedure, params, new LazyCallContext());
}

/** The message and the issues' paths with which a call is refused. */
function refusal(procedure: Procedure, params: CallParams): [string, unknown] {
  try {
    call(procedure, params);
  } catch (error) {
    assert.ok(error instanceof RpcError && error.name === "InvalidParams", String(error));
    assert.equal(error.executed, "no");
    return [error.message, error.issues?.map(({ path }) => path)];
  }
  assert.fail(`It took ${JSON.stringify(params)}`);
}

Deno.test("invoke() takes parameters by position and by name, whatever the schema (P-9)", () => {
  assert.equal(call(area, [2, 3]), "6");
  assert.equal(call(area, [2, 3, "m"]), "6m");
  assert.equal(call(area, { height: 3, width: 2 }), "6");
  assert.equal(call(area, { unit: "m", height: 3, width: 2 }), "6m");
  assert.equal(call(point, { x: 1, at: { y: 2 } }), 3);
  assert.equal(call(point, { x: 1 }), 1);
  assert.equal(call(point, [1]), 1);
  assert.equal(call(point, [1, { y: 2 }]), 3);
});

Deno.test("invoke() takes nothing that all objects inherit for a parameter", () => {
  const odd = defineProcedure({
    input: z.object({ constructor: z.number().optional(), toString: z.string().default("none") }),
    output: z.unknown(),
  }, (input) => Object.entries(input));
  const none = [["toString", "none"]];
  for (const params of [undefined, [], {}, [{}]]) assert.deepEqual(call(odd, params), none);
  const all = [["constructor", 5], ["toString", "x"]];
  for (const params of [[5, "x"], { constructor: 5, toString: "x" }]) {
    assert.deepEqual(call(odd, params), all);
  }
});

Deno.test("invoke() takes no parameters, an empty array and an empty object for the same (P-9)", () => {
  for (const input of [z.tuple([]), z.tuple([z.int().optional()]), z.object({})]) {
    const procedure = defineProcedure({ input, output: z.string() }, () => "done");
    for (const params of [undefined, [], {}]) assert.equal(call(procedure, params), "done");
  }
});

Deno.test("invoke() names what is missing, and where (P-21)", () => {
  assert.deepEqual(refusal(area, [2]), ["Cannot call it: height is missing", [[1]]]);
  assert.deepEqual(refusal(area, { height: 2 }), ["Cannot call it: width is missing", [["width"]]]);
  assert.deepEqual(refusal(area, undefined), [
    "Cannot call it: width is missing (and 1 more issue)",
    [[0], [1]],
  ]);
  assert.deepEqual(refusal(point, []), ["Cannot call it: x is missing", [[0]]]);
});

Deno.test("invoke() refuses parameters that nobody knows, and too many (P-9)", () => {
  assert.deepEqual(refusal(area, [1, 2, "m", 4]), [
    "Cannot call it: parameter 4 is one too many: it takes at most 3",
    [[3]],
  ]);
  assert.deepEqual(refusal(area, { width: 1, height: 2, depth: 3 }), [
    "Cannot call it: depth is not a parameter: it takes width, height, unit",
    [["depth"]],
  ]);
  assert.deepEqual(refusal(point, { x: 1, z: 2 })[1], [["z"]]);
  assert.deepEqual(refusal(point, [1, { y: 2 }, 3])[1], [[2]]);
});

Deno.test("invoke() says what a parameter must be, and what it was, in the caller's form (P-21)", () => {
  assert.deepEqual(refusal(area, [2, -1]), ["Cannot call it: height must be >= 0 (got -1)", [[1]]]);
  assert.deepEqual(refusal(area, { width: 2, height: -1 })[1], [["height"]]);
  assert.deepEqual(refusal(area, ["2", 1])[0], 'Cannot call it: width must be a number (got "2")');
  assert.deepEqual(refusal(point, [1, { y: null }]), [
    "Cannot call it: at.y must be a number (got null)",
    [[1, "y"]],
  ]);
  const long = refusal(area, ["x".repeat(10_000), 1])[0];
  assert.ok(long.length < 200, long);
});

Deno.test("invoke() tells the caller of an object that can be compared with nothing (P-21)", () => {
  const odd = { length: { toString: 1 } };
  const short = defineProcedure({
    input: z.tuple([z.string().max(5), z.array(z.string().max(5)).optional()]),
    output: z.string(),
  }, ([text]) => text);
  const named = defineProcedure({
    input: z.object({ text: z.string().max(5) }),
    output: z.string(),
  }, ({ text }) => text);
  for (const params of [[odd], ["a", [odd]]]) {
    assert.match(refusal(short, params)[0], /holds an object with a member toString/);
  }
  for (const params of [{ text: odd }, [{ text: odd }], [odd]]) refusal(named, params);
});

Deno.test("invoke() tells of a bounded number of issues", () => {
  const [message, paths] = refusal(total, Array(1_000).fill("x"));
  assert.equal((paths as unknown[]).length, issuesMax);
  assert.match(message, /must be a number \(got "x"\) \(and 15 more issues\)$/);
});

Deno.test("invoke() passes more than is named to a tuple with a rest", () => {
  assert.equal(call(total, [1, 2, 3]), 6);
  assert.equal(call(total, { first: 1 }), 1);
  assert.deepEqual(refusal(total, [])[1], [[0]]);
  assert.deepEqual(refusal(total, { first: 1, second: 2 })[1], [["second"]]);
});

Deno.test("invoke() returns the result of a synchronous procedure without a promise", () => {
  assert.equal(call(area, [1, 1]), "1");
});

Deno.test("invoke() tells an exception's message and keeps its cause (P-23)", async () => {
  const thrown = new RangeError("no luck");
  const options = { input: z.tuple([]), output: z.number() };
  const failing = defineProcedure(options, () => {
    throw thrown;
  });
  const rejecting = defineProcedure(options, () => Promise.reject(thrown));
  const expected = {
    name: "InternalError",
    message: "it failed: no luck",
    executed: "yes",
    cause: thrown,
  };
  assert.throws(() => call(failing, []), expected);
  await assert.rejects(call(rejecting, []) as Promise<unknown>, expected);
});

Deno.test("invoke() does not pass on what the procedure did not promise to return", async () => {
  const options = { input: z.tuple([]), output: z.object({ size: z.number() }) };
  const wrong = { size: "large" } as unknown as { size: number };
  const expected = { name: "InternalError", executed: "yes", message: /^it returned .* at size: / };
  assert.throws(() => call(defineProcedure(options, () => wrong), []), expected);
  const later = defineProcedure(options, () => Promise.resolve(wrong));
  await assert.rejects(call(later, []) as Promise<unknown>, expected);
});

Deno.test("a call's signal aborts whether it was asked for before or after", () => {
  const early = new LazyCallContext();
  const signal = early.signal;
  early.abort();
  assert.ok(signal.aborted);
  const late = new LazyCallContext();
  late.abort();
  assert.ok(late.signal.aborted);
  assert.ok(!new LazyCallContext().signal.aborted);
});

Deno.test("defineProcedure() refuses names that are not one for each parameter", () => {
  const input = z.tuple([z.number(), z.number()]);
  for (const names of [["a"], ["a", "a"], ["a", "b", "c"]]) {
    assert.throws(
      () => defineProcedure({ input, names, output: z.number() }, () => 1),
      TypeError,
    );
  }
});

Deno.test("a procedure of an object takes that object by position too (P-9)", () => {
  const context = new LazyCallContext();
  const area = defineProcedure(
    { input: z.object({ width: z.number(), height: z.number() }), output: z.number() },
    ({ width, height }) => width * height,
  );
  assert.equal(invoke("area", area, [{ width: 3, height: 4 }], context), 12);
  assert.equal(invoke("area", area, [3, 4], context), 12);
  assert.throws(
    () => invoke("area", area, [{ width: 3 }], context),
    /^InvalidParams: Cannot call area: height is missing/,
  );
  const save = defineProcedure(
    {
      input: z.object({ options: z.record(z.string(), z.unknown()).optional() }),
      output: z.json(),
    },
    (input) => input as z.core.util.JSONType,
  );
  assert.deepEqual(invoke("save", save, [{ fast: true }], context), { options: { fast: true } });
  assert.deepEqual(invoke("save", save, [{ options: { fast: true } }], context), {
    options: { fast: true },
  });
});

/** What a call ends with that is InternalError. */
async function failure(procedure: Procedure, params: CallParams = []): Promise<string> {
  try {
    await call(procedure, params);
  } catch (error) {
    assert.ok(error instanceof RpcError && error.name === "InternalError", String(error));
    assert.equal(error.executed, "yes");
    return error.message;
  }
  assert.fail("It was taken");
}

Deno.test("invoke() refuses what JSON cannot express, and says where and what to write (P-17)", async () => {
  const returning = (value: unknown) =>
    defineProcedure({ input: z.tuple([]), output: z.unknown() }, () => value);
  assert.equal(
    await failure(returning({ users: new Map() })),
    "it returned a Map at .users, which JSON cannot express: return Object.fromEntries(map)",
  );
  assert.match(await failure(returning(Promise.resolve([NaN]))), /^it returned NaN at \[0\]/);
  assert.match(await failure(returning(new Uint8Array(1))), /return bytes\.toBase64\(\)/);
  const throwing = {
    get name(): string {
      throw new Error("no luck");
    },
  };
  const named = z.object({ name: z.string() });
  const reads = defineProcedure({ input: z.tuple([]), output: named }, () => throwing);
  assert.match(await failure(reads), /no luck/);
});

Deno.test("invoke() takes numbers written in any way, and refuses those it cannot hold (P-65)", () => {
  const { params } = decodeRequest(
    '{"jsonrpc":"2.0","id":1,"method":"it","params":[1.0,2e1,"m"]}',
  ) as Request;
  assert.equal(call(area, params), "20m");
  for (const text of ["9007199254740993", "1e999", "-123456789012345678901"]) {
    for (const line of [`[{"x":[${text}]}]`, `[ {"x" : [${text}]} ]`]) {
      const { params } = decodeRequest(
        `{"jsonrpc":"2.0","id":1,"method":"it","params":${line}}`,
      ) as Request;
      const anything = defineProcedure({ input: z.tuple([z.unknown()]), output: z.unknown() }, ([
        value,
      ]) => value);
      const [message, paths] = refusal(anything, params);
      assert.match(message, /must be a number that JavaScript can hold \(got .*pass it as a text/);
      assert.ok(message.includes(text));
      assert.deepEqual(paths, [[0, "x", 0]]);
    }
  }
});

Deno.test("a stream's iterator is told to clean up as `for await` tells it: unless it ended by itself", async () => {
  const ways: [next: () => Promise<IteratorResult<unknown>>, isTold: boolean][] = [
    [() => Promise.resolve({ done: true, value: undefined }), false],
    [() => Promise.reject(new Error("no")), false],
    [() => Promise.resolve({ value: "no number" }), true],
  ];
  for (const [next, isTold] of ways) {
    let told = 0;
    const close = () => Promise.resolve({ done: true as const, value: ++told });
    const procedure = defineProcedure(
      { input: z.tuple([]), output: z.number(), stream: true },
      () => ({ [Symbol.asyncIterator]: () => ({ next, return: close }) }) as AsyncIterable<number>,
    );
    const call = { method: "it", procedure, params: [], context: new LazyCallContext() };
    await Promise.allSettled([startStream(call, undefined).run()]);
    assert.equal(told, isTold ? 1 : 0);
  }
});

Deno.test("a stream whose items are collected ends early when it is cancelled", async () => {
  const begun = Promise.withResolvers<void>();
  let isStopped = false;
  const procedure = defineProcedure({ input: z.tuple([]), output: z.int() }, async function* () {
    try {
      begun.resolve();
      for (let i = 0;; i++) yield i;
    } finally {
      isStopped = true;
    }
  });
  const call = { method: "it", procedure, params: [], context: new LazyCallContext() };
  const run = startStream(call, undefined);
  const cancelled = assert.rejects(run.run(), { name: "Cancelled" });
  await begun.promise;
  run.cancel();
  await cancelled;
  assert.ok(isStopped);
});
