/** Searches of bytes and of JSON, and batches of answers, each beside a plain loop. */

import assert from "node:assert/strict";
import { firstWanted } from "../../src/base/values/byte_search.ts";
import { exactNumber } from "../../src/base/values/exact_numbers.ts";
import { BatchLine, withoutResults } from "../../src/wire/batch.ts";
import { encodeError, encodeResult } from "../../src/wire/codec.ts";
import { byteLengthOf } from "../../src/wire/message_bound.ts";
import { RpcError } from "../../src/base/errors.ts";
import { parseExactly } from "../../src/wire/exact_json.ts";
import { boundOfServer } from "../../src/wire/message_bound.ts";
import { isNestedDeeper, isOneValue } from "../../src/wire/nesting.ts";
import { Brackets } from "../../src/wire/unread/brackets.ts";
import * as fc from "../support/fast_check.ts";
import { pieces, textNear } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";

const byte = fc.nat(255);

/** Bytes of which hardly any is wanted, from one to more than fit into the window of the search. */
const haystacks = fc.tuple(
  fc.oneof(fc.nat(40), fc.nat(3_000), fc.constantFrom(1_024, 65_536, 66_560, 140_000)),
  fc.array(fc.tuple(fc.nat(140_000), byte), { maxLength: 4 }),
);

fuzz(
  "a byte is found where a plain loop finds it",
  fc.tuple(haystacks, byte, byte, byte, byte, fc.nat(140_000), fc.nat(140_000)),
  ([[length, needles], low, span, one, other, from, to]) => {
    const bytes = new Uint8Array(length).fill((low + Math.floor(span / 2)) & 0xff);
    for (const [at, value] of needles) if (length > 0) bytes[at % length] = value;
    const start = from % (length + 1);
    const end = start + to % (length - start + 1);
    const found = bytes.subarray(start, end).findIndex((value) =>
      ((value - low) & 0xff) > span || value === one || value === other
    );
    const wanted = { low, span, one, other };
    assert.equal(firstWanted(bytes, start, end, wanted), found === -1 ? -1 : start + found);
  },
  undefined,
  1_000,
);

/** A part of JSON from which numbers can be told by eye. */
const numbers = fc.oneof(
  fc.double().map(String),
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/),
  fc.constantFrom("1e999", "1.0", "-0", "0.0000001", "9007199254740993", "1E5", "5e-324"),
);
const numberTexts = fc.oneof(
  fc.array(numbers).map((all) => `[${all.join(",")}]`),
  fc.tuple(numbers, fc.string()).map(([number, text]) =>
    `{${JSON.stringify(text)}: [${number} , ${JSON.stringify(text)}],"a":"\\"${number}"}`
  ),
  textNear('{"a":[1,2.50,-0.1e5,"x\\"1.0"],"b":12345678901234567890}', "[1e999,-0]", "1.0"),
);

type Reviver = (key: string, value: unknown) => unknown;

fuzz("numbers stay as they were written", numberTexts, (text) => {
  const parse = (parsed: () => unknown) => {
    try {
      return parsed();
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
      return error.name;
    }
  };
  const keepEach = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? exactNumber(source)
      : value;
  const plain = parse(() => JSON.parse(text, keepEach as unknown as Reviver));
  assert.equal(
    JSON.stringify(parse(() => parseExactly(text))),
    JSON.stringify(plain),
  );
});

const nested = fc.oneof(
  fc.jsonValue({ maxDepth: 12 }).map((value) => JSON.stringify(value)),
  fc.jsonValue({ maxDepth: 12 }).map((value) => JSON.stringify(value, undefined, 9)),
  textNear('["x\\"]",{"a":[[]]},"\\\\"]', `{"a":"${"x".repeat(40)}[[","b":[{"c":{}}]}`),
);

fuzz(
  "depth and end of a value are what a plain loop finds, however the text is cut",
  fc.tuple(nested, fc.nat(12), fc.array(fc.nat(512), { maxLength: 4 })),
  ([text, levels, cuts]) => {
    const { deepest, ends } = plainLook(text);
    if (isJson(text)) {
      assert.equal(isNestedDeeper(text, levels), deepest > levels && text.length > 2 * levels);
      const isOne = /^["[{].*["\]}]$/s.test(text) && deepest <= levels;
      assert.equal(isOneValue(text, levels), isOne);
    }
    if (isOneValue(text, levels)) {
      assert.equal(ends, text.length, "no part of it is taken for the end");
    }
    const brackets = new Brackets(levels);
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    const passes = pieces(bytes, cuts).every(({ length }) =>
      brackets.pass(bytes, at, at += length)
    );
    assert.equal(passes && brackets.haveEnded, isOneValue(text, levels));
    // Long and dense, so it is followed in its bytes.
    const dense = `[${`"a\\"",[],`.repeat(300)}${text}]`;
    const isFit = levels > 1 && isOneValue(`[${text}]`, levels);
    assert.equal(isOneValue(dense, levels), isFit);
    assert.equal(isNestedDeeper(dense, levels), levels < 2 || isNestedDeeper(`[${text}]`, levels));
  },
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** How deep a text nests, and where the value that it begins with ends. */
function plainLook(text: string): { deepest: number; ends: number | undefined } {
  let [depth, deepest, isText] = [0, 0, false];
  let ends: number | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (isText && character === "\\") at++;
    else if (character === '"') isText = !isText;
    else if (!isText && "[{".includes(character)) deepest = Math.max(deepest, ++depth);
    else if (!isText && "]}".includes(character)) depth--;
    if (depth === 0 && !isText) ends ??= at + 1;
  }
  return { deepest, ends };
}

const answerLines = fc.array(
  fc.tuple(
    fc.oneof(fc.nat(99), fc.string(), fc.constant(null)),
    fc.oneof(
      fc.nat(3_000).map((length) => "é".repeat(length)),
      fc.jsonValue(),
      fc.constantFrom("NotReady", "InvalidParams", "InternalError"),
    ),
    fc.boolean(),
  ).map(([id, value, isError]) =>
    isError
      ? encodeError(id, new RpcError("InvalidParams", JSON.stringify(value)))
      : encodeResult(id, value)
  ),
  { minLength: 1, maxLength: 12 },
);

fuzz(
  "answers of a batch are what they are if all are waited for, and no more than fit",
  fc.tuple(answerLines, fc.integer({ min: 500, max: 20_000 })),
  ([lines, bytes]) => {
    const batch = new BatchLine({ ...boundOfServer(), bytes });
    lines.forEach((line) => batch.add(line));
    const line = batch.encode();
    assert.equal(line, plainBatch(lines, bytes));
    const answers: { id: unknown; error?: unknown }[] = JSON.parse(line);
    assert.deepEqual(answers.map(({ id }) => id), lines.map((line) => JSON.parse(line).id));
    const allShort = lines.reduce((sum, line) => sum + byteLengthOf(shortened(line, bytes)), 2);
    assert.ok(byteLengthOf(line) <= Math.max(bytes, allShort));
  },
  undefined,
  500,
);

/** What a batch of at most so many bytes has in place of an answer. */
function shortened(line: string, bytesMax: number): string {
  const { whose } = boundOfServer();
  const lengths = `its ${byteLengthOf(line)} bytes and the others of its batch are more than`;
  return withoutResults(line, `${lengths} ${bytesMax}, the most ${whose}`);
}

/** Waits for all, and then replaces the longest ones as long as they are too many. */
function plainBatch(lines: readonly string[], bytesMax: number): string {
  const answers = lines.map((line) => ({ line, length: byteLengthOf(line) }));
  const whole = new Set(answers);
  const text = () => `[${answers.map(({ line }) => line.slice(0, -1)).join(",")}]\n`;
  while (byteLengthOf(text()) > bytesMax && whole.size > 0) {
    const longest = [...whole].reduce((one, other) => other.length > one.length ? other : one);
    whole.delete(longest);
    longest.line = shortened(longest.line, bytesMax);
  }
  return text();
}
