/**
 * The quick ways of reading and printing messages, each beside the plain one: `JSON`, the schemas,
 * and one line after the other. What a quick way reads, the plain one reads as the same.
 */

import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { Pauses } from "../../src/base/system/give_way.ts";
import {
  decodeAnyReply,
  encodeJsonResult,
  encodeRequest,
  encodeResult,
  encodeUnreadRequest,
  longTextLength,
} from "../../src/wire/codec.ts";
import { type AnyLine, LineSplitter, replacementMark } from "../../src/wire/lines.ts";
import { boundOfServer } from "../../src/wire/message_bound.ts";
import type { LongLine, Params, Request, UnreadRequest } from "../../src/wire/message.ts";
import { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { answersAndLines, requestsAndLines, ShortRequest } from "../../src/wire/short_lines.ts";
import { lineText, textOf, textOfLine } from "../../src/wire/unread/bytes.ts";
import {
  readParams,
  readRequestInTurns,
  readRequestUnread,
  readResultInTurns,
  readResultUnread,
} from "../../src/wire/unread/read_unread.ts";
import {
  readTextLine,
  readTextRequest,
  requestLineOfTexts,
  resultLineOfText,
} from "../../src/wire/unread/texts.ts";
import * as fc from "../support/fast_check.ts";
import { comparable, outcomeOf } from "../wire/near_misses.ts";
import { bytesNear, pieces } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";

const utf8 = new TextEncoder();
const bound = boundOfServer();

const request = encodeRequest(7, "fib", [32, "twelve chars", ""], 5_000);
const answer = encodeResult(7, "twelve chars");
const reads = [
  `${request}${encodeRequest(8, "ping", undefined)}${encodeRequest(9, "größe", [[1], 2.5])}`,
  `${encodeRequest(123_456_789_012_345, "m", [], 0)}${request}\r\n\n`,
  `[${request.trimEnd()},1]\n${request}{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":7}}\n`,
  `${answer}${encodeResult(8, 12)}${encodeResult(9, { a: [1, null] })}`,
  `${
    encodeResult(0, "")
  }${answer}{"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"no"}}\n`,
  `{"jsonrpc":"2.0","method":"rpc.item","params":{"id":7,"items":[1,"two"]}}\n${answer}`,
];

const cutReads = fc.tuple(
  bytesNear(...reads),
  fc.array(fc.nat({ max: 512 }), { maxLength: 3 }),
  fc.constantFrom(60, 200, 4_096),
);

/** What one way reads, line by line: an error by what a peer sees of it. */
function asRead(line: AnyLine, decode: (line: string) => unknown): unknown {
  const text = line instanceof LentBytes ? lineText(line) : line;
  return text instanceof RpcError ? { name: text.name, message: text.message } : decode(text);
}

const asRequest = (line: string) => comparable(decodeAnyRequest(line));
const asAnswer = (line: string) => outcomeOf(decodeAnyReply, line);

fuzz("requests of a read are what they are line by line", cutReads, ([bytes, cuts, bytesMax]) => {
  const splitter = new LineSplitter(bytesMax);
  const items = pieces(bytes, cuts).flatMap((chunk) => requestsAndLines(splitter, chunk));
  const short = items.map((item) =>
    item instanceof ShortRequest ? plainOf(item) : asRead(item, asRequest)
  );
  const plain = new LineSplitter(bytesMax).push(bytes).map((line) => asRead(line, asRequest));
  assert.deepEqual(short, plain);
});

/** A request without what only its reader needs. */
function plainOf({ id, method, params, meta }: ShortRequest): unknown {
  return { jsonrpc: "2.0", id, method, ...(params && { params }), ...(meta && { meta }) };
}

fuzz("answers of a read are what they are line by line", cutReads, ([bytes, cuts, bytesMax]) => {
  const cut = (chunks: readonly Uint8Array[], isLong: boolean) => {
    const splitter = new LineSplitter(bytesMax);
    const linesOf = (splitter: LineSplitter, chunk: Uint8Array) =>
      isLong ? splitter.pushLong(chunk) : splitter.push(chunk);
    return chunks.flatMap((chunk) => answersAndLines(splitter, chunk, linesOf)).map((item) =>
      typeof item === "object" && "jsonrpc" in item ? item : asRead(item, asAnswer)
    );
  };
  const plain = new LineSplitter(bytesMax).push(bytes).map((line) => asRead(line, asAnswer));
  assert.deepEqual(cut(pieces(bytes, cuts), true), plain);
  assert.deepEqual(cut(pieces(bytes, cuts), false), plain);
});

/** What JSON escapes, what ends a text, and what no text is. */
const oddities = [
  ...['"', "\\", '\\"', "\\\\", "\n", "\0", "\x1f", "\x7f", "é", "€", "😀", "\u2028", "\ufffd"],
  ...["\ufeff", '"],"id":9,"x":["', ',"meta":{"timeoutMs":5}', "]", "}", "[", "[[[[", "{", ","],
  ...["-", ".", "1e999", "9007199254740993", " ", "\\u00e9", "\\ud800", ""],
].map((text) => utf8.encode(text));
const noText = [[0xff], [0x80], [0xc3], [0xe4, 0xb8], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80]]
  .map((bytes) => Uint8Array.from(bytes));

/** Where in a line something is put, and how much it takes the place of. */
const changes = fc.array(
  fc.tuple(
    // Where most lines begin, where they end, and around the parts that are looked through.
    fc.oneof(
      fc.nat(120),
      fc.nat(80).map((back) => -back),
      fc.integer({ min: 65_400, max: 65_700 }),
      fc.nat(200_000),
    ),
    fc.nat(3),
    fc.constantFrom(...oddities, ...oddities, ...noText),
  ),
  { maxLength: 3 },
);

type Changes = readonly (readonly [number, number, Uint8Array])[];

function changed(line: string, changes: Changes): Uint8Array {
  return changes.reduce((bytes, [where, removed, put]) => {
    const at = where < 0 ? Math.max(0, bytes.length + where) : where % (bytes.length + 1);
    const tail = bytes.subarray(at + removed);
    const result = new Uint8Array(at + put.length + tail.length);
    result.set(bytes.subarray(0, at));
    result.set(put, at);
    result.set(tail, at + put.length);
    return result;
  }, utf8.encode(line.trimEnd()));
}

const fill = "x".repeat(70_000);
const texts = fc.tuple(
  fc.constantFrom(longTextLength, 40_000, 66_000, 70_000),
  fc.constantFrom("", "é", "😀", '"', "\\", "\n", "\ud800", "\ufffd"),
  fc.constantFrom(0, 1_023, 1_024, 30_000, 65_535),
).map(([length, odd, at]) => `${fill.slice(0, at)}${odd}${fill.slice(at, length)}`);
const fewTexts = fc.array(
  fc.oneof(
    { arbitrary: texts, weight: 1 },
    {
      arbitrary: fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(-0, 1.5, 1e21)),
      weight: 2,
    },
  ),
  { maxLength: 4 },
);
const longLines = fc.oneof(
  fewTexts.map((params) => encodeRequest(7, "echo", params, 5_000)),
  fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 20, maxLength: 60 })
    .map((params) => encodeRequest(7, "echo", params)),
  fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 20 })
    .map((params) => encodeRequest(7, "größe", params, 5_000)),
);
const longAnswers = fc.oneof(
  texts.map((text) => encodeResult(7, text)),
  fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 20, maxLength: 60 })
    .map((result) => encodeResult(7, result)),
);

/** From this length on nothing is left unread for being short, in characters or in bytes. */
const longMin = 256;

/** Of what takes a tenth of a millisecond for each line. */
const quickLong = 300;

const lent = (bytes: Uint8Array) => new LentBytes(bytes.slice());

/** The line as text, if it is UTF-8. */
function textIn(bytes: Uint8Array): string | undefined {
  const text = lineText(lent(bytes));
  return typeof text === "string" ? text : undefined;
}

fuzz(
  "parameters left unread are what the plain way reads, as text, as bytes and in turns",
  fc.tuple(longLines, changes),
  async ([line, edits]) => {
    const bytes = changed(line, edits);
    const text = textIn(bytes);
    const ofBytes = readRequestUnread(lent(bytes));
    const inTurns = await readRequestInTurns(lent(bytes), new Pauses());
    assert.deepEqual(shown(inTurns), shown(ofBytes));
    if (text === undefined) return void assert.equal(ofBytes, undefined);
    const ofText = readRequestUnread(text);
    // Bytes whose method is not ASCII are read as text, and so are short lines, by either length.
    if (ofBytes !== undefined && text.length >= longMin) {
      assert.deepEqual(shown(ofBytes), shown(ofText));
    }
    if (ofText === undefined) return;
    const plain = decodeAnyRequest(text);
    const { unread, ...rest } = ofText as UnreadRequest & { unread: string };
    const params = outcomeOf(() => readParams(unread), "") as Params;
    if (plain instanceof BadMessage) {
      assert.deepEqual([plain.id, plain.error.name], [null, "ParseError"]);
      assert.equal((params as { name?: unknown }).name, "ParseError");
    } else {
      assert.deepEqual({ ...rest, params }, plain);
    }
    const handedOn = textOfLine(encodeUnreadRequest(7, ofText.method, unread)).slice(0, -1);
    const atWorker = decodeAnyRequest(handedOn);
    assert.deepEqual(
      comparable(atWorker),
      comparable(
        plain instanceof BadMessage
          ? plain
          : { jsonrpc: "2.0", id: 7, method: rest.method, params: (plain as Request).params! },
      ),
    );
  },
  undefined,
  quickLong,
);

function shown(read: UnreadRequest | undefined): unknown {
  return read && { ...read, unread: read.unread && textOf(read.unread) };
}

fuzz(
  "a result left unread is what the plain way reads, as text, as bytes and in turns",
  fc.tuple(longAnswers, changes),
  async ([line, edits]) => {
    const bytes = changed(line, edits);
    const text = textIn(bytes);
    const ofBytes = readResultUnread(lent(bytes));
    const inTurns = await readResultInTurns(lent(bytes), new Pauses());
    const shown = (read: typeof ofBytes) => read && [read.id, textOf(read.json)];
    assert.deepEqual(shown(inTurns), shown(ofBytes));
    if (text === undefined) return void assert.equal(ofBytes, undefined);
    const ofText = readResultUnread(text);
    // Bytes with a replacement mark, which may stand for a fault, are read as text.
    if (!text.includes(replacementMark) && text.length >= longMin) {
      assert.deepEqual(shown(ofBytes), shown(ofText));
    }
    if (ofText === undefined) return;
    const plain = asAnswer(text) as { id?: number; result?: unknown };
    const handedOn = textOfLine(encodeJsonResult(7, ofText.json)).slice(0, -1);
    const atClient = asAnswer(handedOn);
    assert.deepEqual(atClient, "result" in plain ? { ...plain, id: 7 } : plain);
    if ("result" in plain) assert.equal(ofText.id, plain.id);
  },
  undefined,
  quickLong,
);

fuzz(
  "a long text is read from its bytes as the plain way reads it",
  fc.tuple(longLines, longAnswers, changes),
  ([line, answer, edits]) => {
    const bytes = changed(line, edits);
    const text = textIn(bytes);
    const read = readTextRequest(lent(bytes));
    if (read !== undefined) assert.deepEqual(read, text && decodeAnyRequest(text));

    const result = changed(answer, edits);
    const plain = lineText(lent(result));
    const asText = outcomeOf(() => {
      const read = readTextLine(lent(result));
      return typeof read === "string" ? asAnswer(read) : read;
    }, "");
    assert.deepEqual(asText, asRead(plain, asAnswer));
  },
  undefined,
  quickLong,
);

fuzz(
  "long texts are printed as JSON prints them, or refused alike",
  fc.tuple(fewTexts, texts, fc.option(fc.nat(9_999), { nil: undefined }), fc.nat(200_000)),
  ([params, text, timeoutMs, bytesMax]) => {
    const small = { ...bound, bytes: bytesMax };
    assert.deepEqual(
      printed(() => requestLineOfTexts(7, "echo", params, timeoutMs, undefined, small)),
      printed(() => encodeRequest(7, "echo", params, timeoutMs, undefined, small)),
    );
    assert.deepEqual(
      printed(() => resultLineOfText(7, text, small)),
      printed(() => encodeResult(7, text, small)),
    );
  },
  undefined,
  quickLong,
);

/** What leaves for a line, which is let go of. */
function printed(encode: () => string | LongLine): unknown {
  return outcomeOf(() => {
    const line = encode();
    const text = textOfLine(line);
    if (typeof line !== "string" && line.body instanceof LentBytes) line.body.letGo();
    return text;
  }, "");
}
