import assert from "node:assert/strict";
import { LentBytes, spareBuffers } from "../../../src/base/spare_buffers.ts";
import { decodeAnyReply, encodeRequest, encodeResult } from "../../../src/wire/codec.ts";
import { boundOfServer } from "../../../src/wire/message_bound.ts";
import type { LongLine, Params, Request } from "../../../src/wire/message.ts";
import { decodeAnyRequest } from "../../../src/wire/requests/decode_request.ts";
import { textOfLine } from "../../../src/wire/unread/bytes.ts";
import {
  readTextLine,
  readTextRequest,
  requestLineOfTexts,
  resultLineOfText,
} from "../../../src/wire/unread/texts.ts";
import * as fc from "../../support/fast_check.ts";

const bound = boundOfServer();
const utf8 = new TextEncoder();

const long = "x".repeat(40_000);

/** What JSON writes in another way than it stands in the text, or in more bytes than characters. */
const pieces = fc.constantFrom(
  ...[
    '"',
    "\\",
    "\n",
    "\0",
    "\x1f",
    "\x7f",
    "é",
    "€",
    "😀",
    "\ud800",
    "\udc00",
    "\u2028",
    "\ufffd",
  ],
  ...['"],"id":9,"x":["', ',"meta":{"timeoutMs":5}', ""],
);

/** Texts with such a piece at the beginning, in the middle, at the end or after 1,024. */
const texts = fc.tuple(
  pieces,
  pieces,
  fc.constantFrom(0, 500, 2_000, 20_000, 40_000),
  fc.constantFrom(40_000, 5_000),
).map(([one, other, at, length]) => {
  const text = long.slice(0, length);
  return `${text.slice(0, at)}${one}${text.slice(at)}${other}`;
});

const scalars = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1.5, 1e21, -123_456_789_012_345, "", "short", '"\n'),
  fc.jsonValue(),
);

const lists = fc.array(fc.oneof(texts, scalars), { maxLength: 4 });

/** What leaves for a line, which is let go of. */
function written(line: string | LongLine): string {
  const text = textOfLine(line);
  if (typeof line !== "string" && line.body instanceof LentBytes) line.body.letGo();
  return text;
}

function lent(text: string): LentBytes {
  return new LentBytes(utf8.encode(text.trimEnd()));
}

Deno.test("long texts are printed as JSON prints them, whatever is in them", () => {
  fc.assert(
    fc.property(lists, texts, fc.option(fc.nat(9_999), { nil: undefined }), (params, text, ms) => {
      const line = requestLineOfTexts(7, "echo", params, ms, undefined, bound);
      assert.equal(written(line), encodeRequest(7, "echo", params, ms));
      assert.equal(written(resultLineOfText(7, text, bound)), encodeResult(7, text));
    }),
    { numRuns: 60 },
  );
});

Deno.test("long texts without escapes are bytes before they wait to be written", () => {
  for (const text of [long, "é".repeat(40_000), "€😀".repeat(20_000)]) {
    const request = requestLineOfTexts(7, "echo", [1, text, text], 5, undefined, bound);
    const result = resultLineOfText(7, text, bound);
    for (const line of [request, result]) {
      assert.ok(typeof line !== "string" && line.body instanceof LentBytes);
      line.body.letGo();
    }
  }
});

Deno.test("texts of some kB without escapes stay the strings that they are", () => {
  for (const text of ["x".repeat(4_096), "é€".repeat(5_000), "\x7f".repeat(20_000)]) {
    const request = requestLineOfTexts(7, ',"params":["', [text, 1, "b"], 5, undefined, bound);
    const result = resultLineOfText(7, text, bound);
    for (const line of [request, result]) assert.ok(typeof line !== "string" && line.body === text);
    assert.equal(written(request), encodeRequest(7, ',"params":["', [text, 1, "b"], 5));
    assert.equal(written(result), encodeResult(7, text));
  }
});

Deno.test("what has a toJSON is printed by JSON", () => {
  const middle = [long.slice(0, 5_000), "b"] as unknown[] & { toJSON?: () => unknown };
  middle.toJSON = () => [long.slice(0, 5_000), "c"];
  const of = requestLineOfTexts(7, "echo", middle, undefined, undefined, bound);
  assert.equal(written(of), encodeRequest(7, "echo", middle));
  const params = [long, "b"] as unknown[] & { toJSON?: () => unknown };
  params.toJSON = () => [long, "c"];
  const line = requestLineOfTexts(7, "echo", params, undefined, undefined, bound);
  assert.equal(written(line), encodeRequest(7, "echo", params));
});

Deno.test("what JSON refuses, or is too long for a message, is refused beside a long text, too", () => {
  const refused: Params[] = [
    [long, NaN],
    [long, undefined, 1],
    [long, 1n],
    ["x".repeat(99_000)],
    [long.slice(0, 5_000), NaN],
    [long.slice(0, 5_000), 1n],
    [long.slice(0, 31_000), long, long],
  ];
  const small = { ...bound, bytes: 90_000 };
  for (const params of refused) {
    const by = (encode: () => unknown) => {
      try {
        return encode();
      } catch (error) {
        return (error as Error).message;
      }
    };
    const message = by(() => requestLineOfTexts(7, "echo", params, undefined, undefined, small));
    assert.equal(message, by(() => encodeRequest(7, "echo", params, undefined, undefined, small)));
    assert.equal(typeof message, "string");
  }
});

Deno.test("long texts are read as JSON reads them, or not at all", () => {
  fc.assert(
    fc.property(lists, texts, (params, text) => {
      const request = encodeRequest(7, "echo", params, 5);
      const read = readTextRequest(lent(request));
      if (read !== undefined) assert.deepEqual(read, decodeAnyRequest(request.trimEnd()));
      const answer = encodeResult(7, text);
      const result = readTextLine(lent(answer));
      if (typeof result === "string") assert.equal(result, answer.trimEnd());
      else assert.deepEqual(result, decodeAnyReply(answer.trimEnd()));
    }),
    { numRuns: 60 },
  );
});

Deno.test("long texts without escapes are read without JSON", () => {
  for (const text of [long, "é".repeat(40_000), "€😀".repeat(20_000)]) {
    const params = [text, 1, null, -20, "b", text];
    const request = readTextRequest(lent(encodeRequest(7, "echo", params, 5))) as Request;
    assert.deepEqual(request.params, params);
    assert.deepEqual(request.meta, { timeoutMs: 5 });
    const answer = readTextLine(lent(encodeResult(7, text)));
    assert.ok(typeof answer === "object" && "result" in answer && answer.result === text);
  }
});

Deno.test("a list around long texts that is no JSON is left to JSON, which refuses it", () => {
  const items = [
    ...[`"${long}",`, `"${long}"1`, `"${long}" `, `,"${long}"`, `"${long}",01`, `"${long}",+1`],
    ...[`"${long}",1.`, `"${long}",NaN`, `"${long}`, `"${long}",]`, `"${long}\t"`, `"${long}",-`],
  ];
  for (const list of items) {
    const line = `{"jsonrpc":"2.0","id":7,"method":"echo","params":[${list}]}`;
    assert.equal(readTextRequest(lent(line)), undefined, list.slice(-10));
  }
  for (const result of [`"${long}" `, `"${long}`, `${long}"`, `"${long}"1`, `"${long}\x01"`]) {
    const line = `{"jsonrpc":"2.0","id":7,"result":${result}}`;
    assert.equal(readTextLine(lent(line)), line);
  }
});

Deno.test("a long text that is no UTF-8 is not read", () => {
  for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    const [request, answer] = [lent(encodeRequest(7, "echo", [long])), lent(encodeResult(7, long))];
    for (const line of [request, answer]) line.bytes.set(bad, 20_000);
    assert.equal(readTextRequest(request), undefined);
    assert.throws(() => readTextLine(answer), { name: "ParseError" });
  }
});

Deno.test("numbers beside a long text are read only if that loses no digit", () => {
  for (const number of ["999999999999999", "-999999999999999"]) {
    const line = `{"jsonrpc":"2.0","id":7,"method":"echo","params":["${long}",${number}]}`;
    assert.deepEqual((readTextRequest(lent(line)) as Request).params, [long, Number(number)]);
  }
  for (const number of ["9007199254740993", "1000000000000000", "-9007199254740993", "1.0"]) {
    const line = `{"jsonrpc":"2.0","id":7,"method":"echo","params":["${long}",${number}]}`;
    assert.equal(readTextRequest(lent(line)), undefined, number);
  }
});

Deno.test("a long text that is refused gives its buffer back, where bytes are too many and characters are not", () => {
  const text = "é".repeat(40_000);
  const small = { ...bound, bytes: 60_000 };
  const refusals = [
    () => requestLineOfTexts(7, "echo", [text], 5, undefined, small),
    () => resultLineOfText(7, text, small),
  ];
  for (const refused of refusals) {
    assert.throws(refused);
    const before = spareBuffers.bytes;
    assert.throws(refused);
    assert.equal(spareBuffers.bytes, before);
  }
});

Deno.test("a text that turns out to need escapes gives its buffer back", () => {
  const text = `${long}\n`;
  written(resultLineOfText(7, text, bound));
  const before = spareBuffers.bytes;
  written(resultLineOfText(7, text, bound));
  assert.equal(spareBuffers.bytes, before);
});
