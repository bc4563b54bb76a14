import assert from "node:assert/strict";
import { callTimeoutMsMax, methodLengthMax, nestingMax } from "../../src/base/limits.ts";
import { decodeAnyReply, decodeReply, encodeRequest, encodeResult } from "../../src/wire/codec.ts";
import { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { decodeRequest } from "../support/decode_request.ts";
import { readRequestFast, readResultFast } from "../../src/wire/fast_path.ts";
import * as fc from "../support/fast_check.ts";
import {
  almost,
  comparable,
  edits,
  ids,
  methods,
  outcomeOf,
  runs,
  timeouts,
} from "./near_misses.ts";

const params = fc.option(
  fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
  {
    nil: undefined,
  },
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

Deno.test("short strings and whole numbers as parameters mean what the general way reads", () => {
  const scalars = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.integer(), fc.string({ maxLength: 15 }));
  const shortParams = fc.array(scalars, { maxLength: 4 });
  fc.assert(
    fc.property(ids, shortParams, timeouts, edits, (id, given, timeoutMs, changes) => {
      const line = almost(encodeRequest(id, "m", given, timeoutMs), changes);
      assert.deepEqual(comparable(decodeRequest(line)), comparable(decodeAnyRequest(line)));
    }),
    runs,
  );
  const written = [
    "5",
    '"a"',
    "5,",
    ",",
    "05",
    "-5",
    "1.5",
    "1e3",
    "5 ",
    '"a","b"',
    '5,"b",7',
    '"a\\n"',
  ];
  for (
    const text of [...written, '"]"', '"a"b', "5]", '"a],', '"twelve chars"', '"thirteen char"']
  ) {
    for (const rest of ["", ',"meta":{"timeoutMs":5}', ',"meta":{"timeoutMs":5},"x":1', "]"]) {
      const line = `{"jsonrpc":"2.0","id":1,"method":"m","params":[${text}]${rest}}`;
      assert.deepEqual(comparable(decodeRequest(line)), comparable(decodeAnyRequest(line)), line);
    }
  }
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
