import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import {
  idLengthMax,
  messageMaxDefault,
  methodLengthMax,
  nestingMax,
} from "../../src/base/limits.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
import {
  decodeReply,
  encodeError,
  encodeItems,
  encodeNotification,
  encodeRequest,
  encodeResult,
  isResponse,
  requestLine,
  resultLine,
  toRpcError,
  toWorkerError,
} from "../../src/wire/codec.ts";
import type { Id, Params, Request } from "../../src/wire/message.ts";
import { byteLengthOf } from "../../src/wire/message_bound.ts";
import { itemParams } from "../../src/wire/reply_checks.ts";
import * as fc from "../support/fast_check.ts";

/** An array in an array, `levels` deep. */
function nested(levels: number): unknown[] {
  return levels === 1 ? [] : [nested(levels - 1)];
}

function thrownBy(action: () => unknown): RpcError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof RpcError);
    return error;
  }
  assert.fail("nothing was thrown");
}

function byteLength(line: string): number {
  return new TextEncoder().encode(line).length;
}

Deno.test("a request comes out of its line as it went in (P-1, P-7, P-11)", () => {
  const params = fc.oneof(
    fc.array(fc.jsonValue(), { maxLength: 5 }),
    fc.dictionary(fc.string().filter((key) => key !== "__proto__"), fc.jsonValue(), {
      noNullPrototype: true,
    }),
    fc.constant(undefined),
  ) as fc.Arbitrary<Params | undefined>;
  const timeoutMs = fc.option(fc.double({ min: 0, max: 86_400_000, noNaN: true }), {
    nil: undefined,
  });
  fc.assert(
    fc.property(fc.nat(), fc.string(), params, timeoutMs, (id, method, params, timeoutMs) => {
      const line = encodeRequest(id, method, params, timeoutMs);
      assert.equal(line.indexOf("\n"), line.length - 1);
      const decoded = decodeRequest(line.slice(0, -1));
      const expected = JSON.parse(JSON.stringify({
        jsonrpc: "2.0",
        id,
        method,
        params,
        meta: timeoutMs === undefined ? undefined : { timeoutMs },
      }));
      assert.deepEqual(decoded, expected);
    }),
    { interruptAfterTimeLimit: 2_000, markInterruptAsFailure: false },
  );
});

Deno.test("a request's credit and trace come out of its line as they went in (P-54, P-62)", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const metaOf = (timeoutMs?: number, stream?: number, traceparent?: string) => {
    const more = { stream, traceparent };
    const decoded = decodeRequest(encodeRequest(1, "m", undefined, timeoutMs, more));
    return "meta" in decoded ? { ...decoded.meta } : undefined;
  };
  assert.deepEqual(metaOf(5, 2, traceparent), { timeoutMs: 5, stream: 2, traceparent });
  assert.deepEqual(metaOf(5, undefined, traceparent), { timeoutMs: 5, traceparent });
  assert.deepEqual(metaOf(undefined, undefined, traceparent), { traceparent });
  assert.deepEqual(metaOf(5, 2), { timeoutMs: 5, stream: 2 });
});

Deno.test("a result comes out of its line as it went in, under its own id (P-8, P-13)", () => {
  const id = fc.oneof(
    fc.string({ maxLength: idLengthMax }),
    fc.double({
      noNaN: true,
      min: Number.MIN_SAFE_INTEGER,
      max: Number.MAX_SAFE_INTEGER,
    }).map((value) => value + 0),
    fc.constant(null),
  );
  fc.assert(
    fc.property(id, fc.jsonValue(), (id: Id, result) => {
      const line = encodeResult(id, result);
      assert.equal(line.indexOf("\n"), line.length - 1);
      const decoded = decodeReply(line);
      assert.ok(isResponse(decoded));
      assert.deepEqual(decoded, JSON.parse(JSON.stringify({ jsonrpc: "2.0", id, result })));
    }),
    { interruptAfterTimeLimit: 2_000, markInterruptAsFailure: false },
  );
});

Deno.test("an error comes out of its line with name, executed and issues (P-19, P-20, P-21)", () => {
  const issues = [{ path: ["size", 0], message: "too small" }];
  const sent = new RpcError("InvalidParams", "Cannot call area", { executed: "no", issues });
  const reply = decodeReply(encodeError("a", sent));
  assert.ok(isResponse(reply) && reply.error !== undefined);
  assert.equal(reply.id, "a");
  const received = toRpcError(reply.error);
  assert.equal(received.name, "InvalidParams");
  assert.equal(received.message, "Cannot call area");
  assert.equal(received.executed, "no");
  assert.deepEqual(received.issues, issues);
});

Deno.test("parameters that do not fit are told with a list of issues, if an empty one (P-21)", () => {
  const dataOf = (error: RpcError) => JSON.parse(encodeError(1, error)).error.data;
  assert.deepEqual(dataOf(new RpcError("InvalidParams", "no")), { executed: "no", issues: [] });
  assert.deepEqual(dataOf(new RpcError("Overloaded", "no")), { executed: "no" });
});

Deno.test("that a call did not run is believed of our own worker alone", () => {
  const issues = [{ path: ["size"], message: "too small" }];
  const reply = decodeReply(
    encodeError(1, new RpcError("InvalidParams", "Cannot call area", { executed: "no", issues })),
  );
  assert.ok(isResponse(reply) && reply.error !== undefined);
  assert.equal(toWorkerError(reply.error).executed, "no");
  const { name, message, executed, issues: told } = toWorkerError(reply.error, true);
  assert.deepEqual([name, message, executed], ["InvalidParams", "Cannot call area", "maybe"]);
  assert.deepEqual(told, issues);
});

Deno.test("neither the cause of an error nor its stack travels (P-23)", () => {
  const cause = new Error("password is hunter2");
  const line = encodeError(1, new RpcError("InternalError", "no luck", { cause }));
  assert.deepEqual(JSON.parse(line), {
    jsonrpc: "2.0",
    id: 1,
    error: { code: -32603, message: "no luck", data: { executed: "yes" } },
  });
});

Deno.test("a notification has no id (P-15)", () => {
  assert.deepEqual(JSON.parse(encodeNotification("rpc.cancel", { id: 7 })), {
    jsonrpc: "2.0",
    method: "rpc.cancel",
    params: { id: 7 },
  });
  assert.deepEqual(JSON.parse(encodeNotification("rpc.goaway")), {
    jsonrpc: "2.0",
    method: "rpc.goaway",
  });
});

Deno.test("nothing becomes null as a result (P-16)", () => {
  for (const result of [undefined, null]) {
    const decoded = decodeReply(encodeResult(1, result));
    assert.ok(isResponse(decoded));
    assert.equal(decoded.result, null);
    assert.ok("result" in decoded);
  }
});

Deno.test("parameters that are not JSON are refused before they are sent (P-1)", () => {
  const circular: unknown[] = [];
  circular.push(circular);
  for (const params of [circular, [1n]]) {
    const error = thrownBy(() => encodeRequest(1, "area", params));
    assert.equal(error.name, "InvalidParams");
    assert.equal(error.executed, "no");
    assert.match(error.message, /area/);
  }
});

Deno.test("a result that is not JSON is an InternalError that ran (P-17)", () => {
  const error = thrownBy(() => encodeResult(1, { big: 1n }));
  assert.equal(error.name, "InternalError");
  assert.equal(error.executed, "yes");
});

Deno.test("the longest message is sent, and one byte more is refused (P-5, P-17)", () => {
  const room = messageMaxDefault - byteLength(encodeResult(1, ""));
  assert.equal(byteLength(encodeResult(1, "a".repeat(room))), messageMaxDefault);
  assert.equal(thrownBy(() => encodeResult(1, "a".repeat(room + 1))).name, "InternalError");
  // Three bytes each in UTF-8, but one unit of a string's length.
  assert.equal(
    byteLength(encodeResult(1, "€".repeat(Math.floor(room / 3)))) <= messageMaxDefault,
    true,
  );
  assert.equal(thrownBy(() => encodeResult(1, "€".repeat(room / 3 + 1))).name, "InternalError");

  const requestRoom = messageMaxDefault - byteLength(encodeRequest(1, "m", [""]));
  assert.equal(byteLength(encodeRequest(1, "m", ["a".repeat(requestRoom)])), messageMaxDefault);
  const error = thrownBy(() => encodeRequest(1, "m", ["a".repeat(requestRoom + 1)]));
  assert.equal(error.name, "InvalidParams");
  assert.match(error.message, /4194305 bytes/);
});

Deno.test("what the peer would refuse for its nesting is not sent, batch or not (P-6, P-17)", () => {
  // The answer is an object around the result, and a batch's array comes around that.
  const deepest = encodeResult(1, nested(nestingMax - 2));
  assert.ok(isResponse(decodeReply(deepest)));
  assert.ok(Array.isArray(decodeRequest(`[${deepest.trim()}]`)));
  assert.equal(thrownBy(() => encodeResult(1, nested(nestingMax - 1))).name, "InternalError");
  // A server passes a request on to a worker, so whatever may come in can go out.
  const request = encodeRequest(1, "m", nested(nestingMax - 1));
  assert.ok(!(decodeRequest(request) instanceof BadMessage));
  assert.equal(thrownBy(() => encodeRequest(1, "m", nested(nestingMax))).name, "InvalidParams");
  assert.equal(thrownBy(() => encodeNotification("m", nested(nestingMax))).name, "InvalidParams");
  // Around an item are the array of items, the parameters and the notification.
  const items = encodeItems(1, [nested(nestingMax - 4)]);
  assert.ok(!isResponse(decodeReply(items)));
  assert.equal(
    thrownBy(() => encodeItems(1, [nested(nestingMax - 3)])).name,
    "InternalError",
  );
});

Deno.test("an error too long for a message is cut, so that it arrives (P-5, P-23)", () => {
  const issues = Array.from({ length: 50_000 }, (_, at) => ({ path: [at], message: "is bad" }));
  for (
    const error of [
      new RpcError("InternalError", "x€".repeat(messageMaxDefault)),
      // As JSON it is longer than any text can be.
      new RpcError("InternalError", "\x01".repeat(2 ** 27)),
      new RpcError("InvalidParams", "Cannot call area", { issues }),
    ]
  ) {
    const line = encodeError(1, error);
    assert.ok(byteLength(line) <= messageMaxDefault);
    const reply = decodeReply(line);
    assert.ok(isResponse(reply) && reply.error !== undefined);
    const received = toRpcError(reply.error);
    assert.equal(received.name, error.name);
    assert.equal(received.executed, error.executed);
    assert.ok(error.message.startsWith(received.message) && received.message.length > 10);
  }
});

Deno.test("a result that is longer as JSON than any text can be is told so (P-17)", () => {
  assert.throws(() => encodeResult(1, new Array(520).fill("x".repeat(2 ** 20))), {
    name: "InternalError",
    message: "Cannot send a result that is longer as JSON than any text can be",
  });
});

Deno.test("a long line of faults does not make decodeRequest() throw (P-4, P-7)", () => {
  for (
    const line of [
      "",
      "\r",
      "\0",
      "{",
      '{"a":',
      "[".repeat(1_000_000),
      `"${"\\".repeat(999_999)}`,
      "[[[]]]",
    ]
  ) {
    const decoded = decodeRequest(line);
    assert.ok(decoded instanceof BadMessage || Array.isArray(decoded), line.slice(0, 20));
  }
});

Deno.test("a faulty request keeps an id that can be read, and only such (P-7, P-8)", () => {
  const idOf = (line: string) => {
    const decoded = decodeRequest(line);
    assert.ok(decoded instanceof BadMessage);
    return decoded.id;
  };
  assert.equal(idOf('{"id":7}'), 7);
  assert.equal(idOf('{"id":"a"}'), "a");
  assert.equal(idOf('{"id":[7]}'), null);
  assert.equal(idOf(`{"id":"${"a".repeat(idLengthMax + 1)}"}`), null);
  assert.equal(idOf(`{"jsonrpc":"2.0","id":1,"method":"${"a".repeat(methodLengthMax + 1)}"}`), 1);
});

Deno.test("a lone surrogate survives, since JSON can escape it (P-1)", () => {
  const line = encodeResult("\ud83d", "\udc00");
  assert.ok(line.isWellFormed());
  assert.deepEqual(decodeReply(line), { jsonrpc: "2.0", id: "\ud83d", result: "\udc00" });
});

Deno.test("a member named __proto__ reaches no prototype (P-9)", () => {
  const decoded = decodeRequest(
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"polluted":1}},"__proto__":{"x":1}}',
  );
  assert.ok(!Array.isArray(decoded) && !(decoded instanceof BadMessage) && "params" in decoded);
  assert.equal((decoded.params as Record<string, unknown>)["polluted"], undefined);
  assert.equal("x" in decoded, false);
  assert.equal("polluted" in {}, false);
});

Deno.test("parameters that JSON cannot express are refused before they are sent (P-64)", () => {
  const cases: readonly (readonly [Params, RegExp])[] = [
    [[new Map()], /a Map at \[0\], .*pass Object\.fromEntries\(map\)/],
    [{ at: new Date(NaN) }, /an invalid Date at \.at/],
    [[1, [NaN]], /NaN at \[1\]\[0\]/],
    [[undefined, 1], /undefined at \[0\], .*pass null/],
    [[10n], /a BigInt at \[0\], .*String\(value\)/],
    [[new Uint8Array(2)], /pass bytes\.toBase64\(\)/],
    ...[5, null, new Date(0)].map((value) =>
      [value as unknown as Params, /to be an array or an object$/] as const
    ),
  ];
  for (const [params, text] of cases) {
    const error = thrownBy(() => encodeRequest(1, "save", params));
    assert.equal(error.name, "InvalidParams");
    assert.equal(error.executed, "no");
    assert.match(error.message, /^Cannot call save: its parameters have /);
    assert.match(error.message, text);
  }
});

Deno.test("parameters that were left out at the end are not sent", () => {
  const line = encodeRequest(1, "save", [1, undefined, undefined]);
  assert.deepEqual(JSON.parse(line).params, [1]);
  assert.deepEqual(JSON.parse(encodeRequest(1, "save", [undefined])).params, []);
});

Deno.test("numbers pass a server as they were written, in both forms and both directions (P-65)", () => {
  const value = '[9007199254740993,{"a":[1e999,1.0,-0]},0.1000000000000000055]';
  for (const space of ["", " "]) {
    const asked = decodeRequest(
      `{"jsonrpc":"2.0",${space}"id":1,"method":"f","params":${value}}`,
    );
    assert.ok("method" in asked);
    assert.ok(encodeRequest(2, "f", asked.params).includes(`"params":${value}`));
    const answer = decodeReply(`{"jsonrpc":"2.0",${space}"id":1,"result":${value}}`);
    assert.ok(isResponse(answer));
    assert.ok(encodeResult(7, answer.result).includes(`"result":${value}`));
    const items = decodeReply(
      `{"jsonrpc":"2.0",${space}"method":"rpc.item","params":{"id":1.0,"items":${value}}}`,
    ) as Request;
    const read = itemParams(items.params);
    assert.equal(read?.id, 1);
    assert.ok(encodeItems(7, read?.items ?? []).includes(`"items":${value}`));
  }
  const batch = decodeRequest(`[{"jsonrpc":"2.0","id":1,"method":"f","params":{"a":${value}}},1]`);
  assert.ok(Array.isArray(batch));
  assert.ok(encodeRequest(2, "f", batch[0].params).includes(value));
  // What is read here is read as a number, however it is written.
  const cancel = decodeRequest('{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":1.0}}');
  assert.deepEqual(cancel, { jsonrpc: "2.0", method: "rpc.cancel", params: { id: 1 } });
});

Deno.test("an id that JavaScript would change is refused (P-8)", () => {
  for (const id of ["9007199254740993", "-1e300", "1e999"]) {
    const read = decodeRequest(`{"jsonrpc":"2.0","id":${id},"method":"f"}`);
    assert.ok(read instanceof BadMessage && read.error.name === "InvalidRequest");
  }
  const kept = decodeRequest('{"jsonrpc":"2.0","id":9007199254740991,"method":"f"}');
  assert.ok("id" in kept && kept.id === 9007199254740991);
});

Deno.test("what is long is not joined with the rest of its line, and says the same", () => {
  const long = "é\n".repeat(20_000);
  const lines = [
    [requestLine(7, "m", [long], 5), encodeRequest(7, "m", [long], 5)],
    [resultLine(7, { long }), encodeResult(7, { long })],
  ] as const;
  for (const [line, text] of lines) {
    assert.ok(typeof line !== "string" && line.body.length > 40_000 && line.head.length < 100);
    assert.equal(line.head + line.body + line.tail === text, true);
    assert.equal(line.length, text.length);
    assert.equal(byteLengthOf(line), byteLengthOf(text));
  }
  assert.equal(requestLine(7, "m", ["short"]), encodeRequest(7, "m", ["short"]));
  const deep = `${"[".repeat(nestingMax)}${"]".repeat(nestingMax)}`;
  assert.throws(() => requestLine(1, "m", [JSON.parse(deep), long]), { name: "InvalidParams" });
  const bound = { bytes: 70_000, whose: "its server takes" };
  assert.throws(() => resultLine(1, long, bound), { message: /80\d+ bytes long, and 70000/ });
});

Deno.test("an array of one number is printed as JSON.stringify prints it", () => {
  const numbers = [0, -0, 7, -1.5, 1e21, 5e-7, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE];
  const odd = Object.assign([5], { toJSON: () => [6] });
  for (const params of [...numbers.map((number) => [number]), odd]) {
    const line = encodeRequest(1, "m", params);
    const text = JSON.stringify(params);
    assert.equal(line, `{"jsonrpc":"2.0","id":1,"method":"m","params":${text}}\n`);
  }
  assert.throws(() => encodeRequest(1, "m", [NaN]), { name: "InvalidParams" });
  const failing = Object.defineProperty([1], 0, {
    get: () => {
      throw new Error("no");
    },
  });
  assert.throws(() => encodeRequest(1, "m", failing), { name: "InvalidParams" });
});
