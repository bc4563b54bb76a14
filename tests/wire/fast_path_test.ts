import assert from "node:assert/strict";
import * as fc from "fast-check";
import { callTimeoutMsMax, methodLengthMax, nestingMax } from "../../src/base/limits.ts";
import { RpcError } from "../../src/base/errors.ts";
import {
  decodeAnyReply,
  decodeReply,
  encodeJsonResult,
  encodeRequest,
  encodeResult,
  encodeUnreadRequest,
} from "../../src/wire/codec.ts";
import { BadMessage, decodeAnyRequest, decodeRequest } from "../../src/wire/decode_request.ts";
import {
  readParams,
  readRequestFast,
  readRequestUnread,
  readResultFast,
  readResultUnread,
} from "../../src/wire/fast_path.ts";
import type { Request } from "../../src/wire/message.ts";

const runs = { numRuns: 3_000 };
const ids = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const methods = fc.oneof(fc.constantFrom("ping", "fib", "größe", 'a"b', "a\\b"), fc.string());
const params = fc.option(
  fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
  {
    nil: undefined,
  },
);
const timeouts = fc.option(fc.integer({ min: 0, max: callTimeoutMsMax }), { nil: undefined });

/**
 * Lines that nearly have our form: one of ours, with a few characters taken out, put in or doubled.
 */
function almost(line: string, edits: readonly (readonly [number, number, string])[]): string {
  let text = line.slice(0, -1);
  for (const [at, removed, put] of edits) {
    const start = at % (text.length + 1);
    text = text.slice(0, start) + put + text.slice(start + removed);
  }
  return text;
}

const edits = fc.array(
  fc.tuple(
    fc.nat({ max: 10_000 }),
    fc.nat({ max: 3 }),
    fc.oneof(
      fc.constantFrom(
        "",
        "0",
        "1e3",
        "-",
        ".",
        " ",
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\r",
        "\u0001",
      ),
      fc.constantFrom(
        ',"meta":{"timeoutMs":5}',
        ',"result":1',
        ',"id":2',
        ',"params":[]',
        '"__proto__":1',
      ),
    ),
  ),
  { maxLength: 3 },
);

Deno.test("a request in our form means what the general way reads", () => {
  fc.assert(
    fc.property(ids, methods, params, timeouts, edits, (id, method, given, timeoutMs, changes) => {
      const line = almost(encodeRequest(id, method, given, timeoutMs), changes);
      assert.deepEqual(comparable(decodeRequest(line)), comparable(decodeAnyRequest(line)));
    }),
    runs,
  );
});

Deno.test("an answer in our form means what the general way reads", () => {
  fc.assert(
    fc.property(ids, fc.jsonValue(), edits, (id, result, changes) => {
      const line = almost(encodeResult(id, result), changes);
      assert.deepEqual(outcomeOf(decodeReply, line), outcomeOf(decodeAnyReply, line));
    }),
    runs,
  );
});

/** Long enough to be left unread, with all that could be taken for its end. */
const longParams = fc.tuple(
  fc.constantFrom("x".repeat(300), `"],"id":9,"x":[${'\\\\"'.repeat(90)}`, "é".repeat(300)),
  fc.jsonValue(),
).map((values) => [...values]);

Deno.test("parameters that are left unread mean what the general way reads, in the worker too", () => {
  let unreads = 0;
  fc.assert(
    fc.property(
      ids,
      methods,
      longParams,
      timeouts,
      edits,
      (id, method, given, timeoutMs, changes) => {
        const line = almost(encodeRequest(id, method, given, timeoutMs), changes);
        const request = readRequestUnread(line);
        if (request?.unread === undefined) return;
        unreads++;
        const { unread, ...rest } = request;
        const handedOn = encodeUnreadRequest(7, request.method, unread).slice(0, -1);
        const general = decodeAnyRequest(line);
        if (general instanceof BadMessage) {
          assert.deepEqual([general.id, general.error.name], [null, "ParseError"]);
          assert.throws(() => readParams(unread), { name: "ParseError" });
          const seen = decodeRequest(handedOn);
          assert.ok(seen instanceof BadMessage && seen.error.name === "ParseError", handedOn);
          return;
        }
        assert.deepEqual(comparable({ ...rest, params: readParams(unread) }), comparable(general));
        const seen = decodeRequest(handedOn);
        const { params } = general as Request;
        assert.deepEqual(seen, { jsonrpc: "2.0", id: 7, method: request.method, params });
      },
    ),
    runs,
  );
  assert.ok(unreads > 0);
});

Deno.test("a result that is left unread means what the general way reads", () => {
  let unreads = 0;
  fc.assert(
    fc.property(ids, longParams, edits, (id, result, changes) => {
      const line = almost(encodeResult(id, result), changes);
      const unread = readResultUnread(line);
      if (unread === undefined) return;
      unreads++;
      const general = outcomeOf(decodeAnyReply, line);
      const handedOn = encodeJsonResult(7, unread.json).slice(0, -1);
      const seen = outcomeOf(decodeAnyReply, handedOn);
      assert.deepEqual(
        seen,
        general !== null && typeof general === "object" && "result" in general
          ? { ...general, id: 7 }
          : general,
      );
    }),
    runs,
  );
  assert.ok(unreads > 0);
});

Deno.test("what we write is in our form", () => {
  for (const given of [undefined, [], [1, "]", { a: ['"meta":{"timeoutMs":1'] }]]) {
    for (const timeoutMs of [undefined, 0, 1, callTimeoutMsMax]) {
      const line = encodeRequest(123_456, "fib", given, timeoutMs).slice(0, -1);
      assert.deepEqual(readRequestFast(line), decodeAnyRequest(line), line);
    }
  }
  for (const result of [null, 0, "pong", [1], { a: {} }]) {
    const line = encodeResult(7, result).slice(0, -1);
    assert.deepEqual(readResultFast(line), decodeAnyReply(line), line);
  }
});

Deno.test("what is no number of ours, no name or too deep is left to the general way", () => {
  const request = (id: string, method: string, rest = "") =>
    readRequestFast(`{"jsonrpc":"2.0","id":${id},"method":"${method}"${rest}}`);
  assert.notEqual(request("1", "m"), undefined);
  assert.equal(request("01", "m"), undefined);
  assert.equal(request("-1", "m"), undefined);
  assert.equal(request("1234567890123456", "m"), undefined);
  assert.equal(request("1", "a\\n"), undefined);
  assert.equal(request("1", "a\tb"), undefined);
  assert.notEqual(request("1", "m".repeat(methodLengthMax)), undefined);
  assert.equal(request("1", "m".repeat(methodLengthMax + 1)), undefined);
  assert.equal(request("1", "m", `,"meta":{"timeoutMs":${callTimeoutMsMax + 1}}`), undefined);
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  assert.notEqual(request("1", "m", `,"params":${deep(nestingMax - 1)}`), undefined);
  assert.equal(request("1", "m", `,"params":${deep(nestingMax)}`), undefined);
  assert.equal(readResultFast(`{"jsonrpc":"2.0","id":1,"result":${deep(nestingMax)}}`), undefined);
});

/** Errors by what a peer sees of them. */
function comparable(incoming: ReturnType<typeof decodeRequest>): unknown {
  if (Array.isArray(incoming)) return incoming.map(comparable);
  if (!(incoming instanceof BadMessage)) return incoming;
  return { id: incoming.id, name: incoming.error.name, message: incoming.error.message };
}

function outcomeOf(decode: (line: string) => unknown, line: string): unknown {
  try {
    return decode(line);
  } catch (error) {
    assert.ok(error instanceof RpcError);
    return { name: error.name, message: error.message };
  }
}
