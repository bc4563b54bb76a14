import assert from "node:assert/strict";
import * as fc from "fast-check";
import { decodeAnyReply, encodeRequest, encodeResult } from "../../src/wire/codec.ts";
import { type AnyLine, LineSplitter } from "../../src/wire/lines.ts";
import type { Response } from "../../src/wire/message.ts";
import { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { linesOf } from "../../src/wire/unread/long_texts.ts";
import { answersAndLines, requestsAndLines, ShortRequest } from "../../src/wire/short_lines.ts";
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

const utf8 = new TextEncoder();

const bytesOf = (lines: readonly string[]) =>
  utf8.encode(lines.map((line) => `${line}\n`).join(""));

const scalars = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.integer(), fc.string({ maxLength: 15 }));
const params = fc.option(fc.array(fc.oneof(scalars, fc.jsonValue()), { maxLength: 4 }), {
  nil: undefined,
});

/** Lines that are not blank and have no line feed within, as a splitter gives them. */
const unbroken = (line: string) => !line.includes("\n") && !["", "\r"].includes(line);

/** A request without what only its reader needs. */
function plain({ id, method, params, meta }: ShortRequest): unknown {
  return {
    jsonrpc: "2.0",
    id,
    method,
    ...(params === undefined ? {} : { params }),
    ...(meta === undefined ? {} : { meta }),
  };
}

/** Each item as the general way reads it, and how many were read from bytes. */
function requestsOf(chunk: Uint8Array, splitter = new LineSplitter()) {
  const items = requestsAndLines(splitter, chunk);
  const read = items.map((item: ShortRequest | AnyLine) => {
    if (item instanceof ShortRequest) return plain(item);
    assert.equal(typeof item, "string");
    return comparable(decodeAnyRequest(item as string));
  });
  return { read, short: items.filter((item) => item instanceof ShortRequest) };
}

function answersOf(chunk: Uint8Array) {
  return answersAndLines(new LineSplitter(), chunk, linesOf).map((item) =>
    typeof item === "string" ? outcomeOf(decodeAnyReply, item) : item
  );
}

Deno.test("requests in a read mean what the general way reads, wherever one deviates", () => {
  const request = fc.tuple(ids, methods, params, timeouts, edits);
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (requests) => {
      const lines = requests
        .map(([id, method, given, timeoutMs, changes], index) =>
          almost(encodeRequest(id, method, given, timeoutMs), index % 2 === 0 ? changes : [])
        ).filter(unbroken);
      const { read } = requestsOf(bytesOf(lines));
      assert.deepEqual(read, lines.map((line) => comparable(decodeAnyRequest(line))));
    }),
    runs,
  );
});

Deno.test("answers in a read mean what the general way reads, wherever one deviates", () => {
  const answer = fc.tuple(ids, fc.oneof(scalars, fc.jsonValue()), edits);
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 4 }), (answers) => {
      const lines = answers
        .map(([id, result, changes], index) =>
          almost(encodeResult(id, result), index % 2 === 0 ? changes : [])
        ).filter(unbroken);
      assert.deepEqual(
        answersOf(bytesOf(lines)),
        lines.map((line) => outcomeOf(decodeAnyReply, line)),
      );
    }),
    runs,
  );
});

Deno.test("short requests and answers as we write them are read from their bytes", () => {
  const given = [undefined, [], [7], ["a", 0, ""], ["twelve chars"]];
  const lines = given.flatMap((params) =>
    [undefined, 0, 10_000].map((timeoutMs) =>
      encodeRequest(123, "fib", params, timeoutMs).trimEnd()
    )
  );
  const { read, short } = requestsOf(bytesOf(lines));
  assert.equal(short.length, lines.length);
  assert.deepEqual(read, lines.map((line) => decodeAnyRequest(line)));
  assert.deepEqual(short.map(({ length }) => length), lines.map(({ length }) => length));
  const results = [0, 12, "", "pong 23456"].map((result) => encodeResult(5, result).trimEnd());
  const answers = answersAndLines(new LineSplitter(), bytesOf(results), linesOf);
  assert.deepEqual(answers.map((answer) => (answer as Response).result), [0, 12, "", "pong 23456"]);
});

Deno.test("a name is the one of its own request, however many there are", () => {
  const names = Array.from({ length: 200 }, (_, index) => `${index % 7}${"m".repeat(index % 5)}`);
  for (let round = 0; round < 2; round++) {
    const lines = names.map((name, id) => encodeRequest(id, name, [id]).trimEnd());
    const { short } = requestsOf(bytesOf(lines));
    assert.deepEqual(short.map(({ method }) => method), names);
  }
});

Deno.test("a long request is left unread, and so is the rest of its read", () => {
  const short = encodeRequest(1, "m", [1]).trimEnd();
  const long = encodeRequest(2, "m", new Array(200).fill(7)).trimEnd();
  const items = requestsAndLines(new LineSplitter(), bytesOf([short, long, short]));
  assert.ok(items[0] instanceof ShortRequest);
  assert.deepEqual(items.slice(1), [long, short]);
});

Deno.test("a read that begins or ends within a line, or is too long, is cut into lines", () => {
  const line = encodeRequest(1, "m", [1]).trimEnd();
  const bytes = bytesOf([line, line]);
  for (let cut = 1; cut < bytes.length; cut++) {
    const splitter = new LineSplitter();
    const [one, other] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    const read = [one, other].flatMap((part) => requestsOf(part, splitter).read);
    assert.deepEqual(read, [1, 2].map(() => decodeAnyRequest(line)), `cut at ${cut}`);
  }
  const [refused] = requestsAndLines(new LineSplitter(line.length - 1), bytesOf([line]));
  assert.match(String(refused), /Cannot take a message of more than/);
});
