import assert from "node:assert/strict";
import { callTimeoutMsMax, shortLineBytesMax } from "../../src/base/limits.ts";
import { decodeAnyReply, encodeRequest, encodeResult } from "../../src/wire/codec.ts";
import { LineBuffer } from "../../src/wire/buffers.ts";
import { type AnyLine, LineSplitter } from "../../src/wire/lines.ts";
import type { Params, Response } from "../../src/wire/message.ts";
import { decodeAnyRequest } from "../../src/wire/requests/decode_request.ts";
import { linesOf } from "../../src/wire/unread/long_texts.ts";
import {
  answersAndLines,
  requestsAndLines,
  ShortRequest,
  writeShortRequest,
  writeShortResult,
} from "../../src/wire/short_lines.ts";
import { textAt } from "../../src/wire/unread/texts.ts";
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

Deno.test("what nearly is a short line, or is no UTF-8, is read by the general way", () => {
  const request = (method: string, params: string, timeoutMs: string | number = 5) =>
    `{"jsonrpc":"2.0","id":1,"method":"${method}","params":[${params}],"meta":{"timeoutMs":${timeoutMs}}}`;
  const requests = [
    ...[request("m", "01"), request("m", "7", "05"), request("m", "1e2"), request("m", "7 ")],
    ...[request("m", '"\x01"'), request("m\x1f", ""), request("m", '"a\\n"'), request("ß", "")],
    ...[request("m", '"ß"'), request("m", "7", callTimeoutMsMax + 1), request("m", "-7")],
    ...[request("m", "1234567890123456"), request("m", "9007199254740993")],
    '{"jsonrpc":"2.0","id":01,"method":"m"}',
  ];
  for (const line of requests) {
    const { read, short } = requestsOf(bytesOf([line]));
    assert.equal(short.length, 0, line);
    assert.deepEqual(read, [comparable(decodeAnyRequest(line))]);
  }
  assert.equal(requestsOf(bytesOf([request("m", "7", callTimeoutMsMax)])).short.length, 1);
  for (const result of ["01", '"\x01"', "1234567890123456", '"ß"', "-1"]) {
    const line = `{"jsonrpc":"2.0","id":1,"result":${result}}`;
    assert.deepEqual(answersOf(bytesOf([line])), [outcomeOf(decodeAnyReply, line)]);
  }
  for (const line of [request("mxm", "7"), request("m", '"x"')]) {
    const bytes = bytesOf([line]);
    bytes[bytes.indexOf(0x78)] = 0xff;
    assert.deepEqual(
      requestsAndLines(new LineSplitter(), bytes),
      new LineSplitter().pushLong(bytes),
    );
  }
});

Deno.test("a request of 255 bytes is read from its bytes, and one of 256 is not", () => {
  const lengthOf = (name: string) => encodeRequest(1, name, [7]).trimEnd().length;
  const name = "m".repeat(255 - lengthOf(""));
  const [longest, longer] = [name, `${name}m`].map((method) => encodeRequest(1, method, [7]));
  assert.equal(requestsOf(utf8.encode(longest)).short[0]?.length, 255);
  assert.equal(requestsOf(utf8.encode(longer)).short.length, 0);
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
  const answers = bytesOf(["pong 1", 2].map((result) => encodeResult(5, result).trimEnd()));
  for (let cut = 1; cut < answers.length; cut++) {
    const splitter = new LineSplitter();
    const read = [answers.subarray(0, cut), answers.subarray(cut)]
      .flatMap((part) => answersAndLines(splitter, part, linesOf))
      .map((item) =>
        typeof item === "string" ? decodeAnyReply(item) as Response : item as Response
      );
    assert.deepEqual(read.map(({ result }) => result), ["pong 1", 2], `cut at ${cut}`);
  }
  const [refused] = requestsAndLines(new LineSplitter(line.length - 1), bytesOf([line]));
  assert.match(String(refused), /Cannot take a message of more than/);
});

/** What a writer of bytes has written, and what an outbox would do with it. */
class Sink {
  readonly lines = new LineBuffer();
  writes = 0;

  wrote(): void {
    this.writes++;
  }

  take(): string {
    const text = this.lines.length === 0 ? "" : new TextDecoder().decode(this.lines.take());
    this.lines.release();
    return text;
  }
}

/** A sink in which there is room for another line. */
function sinkWithRoom(): Sink {
  const sink = new Sink();
  assert.ok(sink.lines.hasRoom());
  return sink;
}

/** Also numbers that JSON writes in another way, and what it cannot express. */
const given = fc.oneof(
  fc.constantFrom<unknown>(-0, 0.5, 2 ** 31, 1e21, -1, NaN, Infinity, null, undefined, true, "é"),
  fc.constantFrom<unknown>(
    new Date(0),
    { toJSON: () => 1 },
    1n,
    "\u007f",
    '"',
    "\\",
    "\n",
    "\ud800",
  ),
  scalars,
  fc.string({ maxLength: 70 }),
);

Deno.test("what is written as bytes is what is written as text, or nothing", () => {
  const requests = fc.array(
    fc.tuple(ids, methods, fc.option(fc.array(given, { maxLength: 7 }), { nil: undefined })),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(requests, timeouts, (requests, timeoutMs = 1) => {
      const sink = sinkWithRoom();
      let expected = "";
      let count = 0;
      for (const [id, method, params] of requests) {
        const length = writeShortRequest(sink, id, method, params, timeoutMs);
        if (length === 0) continue;
        const line = encodeRequest(id, method, params, timeoutMs);
        assert.equal(length, line.length);
        expected += line;
        count++;
      }
      assert.equal(sink.writes, count);
      assert.equal(sink.take(), expected);
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.oneof(ids, fc.string()), given, (id, result) => {
      const sink = sinkWithRoom();
      const length = writeShortResult(sink, id, result);
      const text = sink.take();
      assert.equal(text.length, length);
      if (length > 0) assert.equal(text, encodeResult(id, result));
    }),
    runs,
  );
});

Deno.test("a usual call and its answer are written as bytes, of any length up to the bounds", () => {
  for (const id of [0, 9, 10, 99, 100, 12_345, 2 ** 31 - 1]) {
    const sink = sinkWithRoom();
    const texts = new Array(5).fill("x".repeat(64));
    const calls: [string, Params | undefined][] = [
      ["ping", [id]],
      ["ping", undefined],
      ["ping", []],
      ["m".repeat(64), texts],
    ];
    const lines = calls.map(([method, params]) => {
      assert.ok(writeShortRequest(sink, id, method, params, callTimeoutMsMax) > 0, method);
      const line = encodeRequest(id, method, params, callTimeoutMsMax);
      assert.ok(line.length <= shortLineBytesMax, line);
      return line;
    });
    for (const result of [id, "", "pong 7", texts[0]]) {
      assert.ok(writeShortResult(sink, id, result) > 0);
      lines.push(encodeResult(id, result));
    }
    assert.equal(sink.take(), lines.join(""));
  }
});

Deno.test("calls of many methods in turns are written without making of each name what is written anew", () => {
  const { encode } = TextEncoder.prototype;
  let made = 0;
  TextEncoder.prototype.encode = function (text) {
    made++;
    return encode.call(this, text);
  };
  try {
    const names = Array.from({ length: 100 }, (_, i) => `turn-${i}`);
    // In the first two rounds they take the places of other tests' names.
    for (let round = 1; round <= 3; round++) {
      made = 0;
      for (const name of names) {
        const sink = sinkWithRoom();
        assert.ok(writeShortRequest(sink, 1, name, [1], 1) > 0);
        assert.equal(sink.take(), encodeRequest(1, name, [1], 1));
      }
    }
    assert.equal(made, 0);
  } finally {
    TextEncoder.prototype.encode = encode;
  }
});

Deno.test("parameters that change what JSON makes of them are left to it", () => {
  const sink = sinkWithRoom();
  const thrower = new Proxy([1], {
    get(target, name) {
      if (name === "0") throw new Error("not today");
      return Reflect.get(target, name);
    },
  });
  const withToJson = Object.assign([1], { toJSON: () => [2] });
  for (const params of [thrower, withToJson, new Array(1), { a: 1 }] as Params[]) {
    assert.equal(writeShortRequest(sink, 1, "m", params, 1), 0);
  }
  assert.equal(sink.writes, 0);
  assert.equal(sink.take(), "");
});

Deno.test("answers that are long texts are read from their bytes, and mean the same", () => {
  const text = "x".repeat(6_000);
  for (const [special, isRead] of [["", true], ["é\x7f", true], ["\ufffd", false], ['"', false]]) {
    const answers = [1, `${text}${special}`, `${special}${text}${special}`, 2];
    const chunk = bytesOf(answers.map((answer, id) => encodeResult(id, answer).trimEnd()));
    const read = answersAndLines(new LineSplitter(), chunk, linesOf, textAt);
    const results = read.map((item) => typeof item === "string" ? decodeAnyReply(item) : item);
    assert.deepEqual(results, answers.map((result, id) => ({ jsonrpc: "2.0", id, result })));
    assert.equal(read.every((item) => typeof item === "object"), isRead);
  }
});

Deno.test("a long text that is cut off, or has more behind it, is no answer", () => {
  const text = "x".repeat(6_000);
  const lines = [`"result":"${text}`, `"result":"${text}",}`, `"result":"${text}"} `, `"result":x`];
  for (const line of lines.map((rest) => `{"jsonrpc":"2.0","id":1,${rest}`)) {
    const read = answersAndLines(new LineSplitter(), bytesOf([line]), linesOf, textAt);
    assert.deepEqual(read, [line]);
  }
});
