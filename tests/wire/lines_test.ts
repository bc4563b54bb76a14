import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { LentBytes, spareBuffers } from "../../src/base/spare_buffers.ts";
import { messageMaxDefault, spareBuffersBytesMax } from "../../src/base/limits.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import * as fc from "../support/fast_check.ts";

type Line = ReturnType<LineSplitter["push"]>[number];

const encoder = new TextEncoder();

/** How long the search for a counterexample may take. */
const searchMs = 3_000;

Deno.test("whatever the lines and wherever the bytes are cut, the same lines come out (P-3)", () => {
  const line = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\n")),
    fc.constantFrom("", "\r", "{}", "\ufeff", "\ufffd", "€".repeat(30)),
  );
  search(fc.property(fc.array(line), fc.array(fc.nat(50)), (lines, cuts) => {
    const bytes = encoder.encode(lines.map((text) => `${text}\n`).join(""));
    const expected = lines.filter((text) => text !== "" && text !== "\r")
      .map((text) => text.toWellFormed());
    assert.deepEqual(splitInPieces(new LineSplitter(), bytes, cuts), expected);
  }));
});

Deno.test("whatever the bytes and wherever they are cut, the outcome is the same (P-3, P-4, P-5)", () => {
  // Few distinct bytes, so that line ends, broken characters and long lines are all common.
  const byte = fc.constantFrom(0x0a, 0x0a, 0x0d, 0x61, 0x61, 0xc3, 0xa9, 0xff);
  search(fc.property(fc.array(byte, { maxLength: 60 }), fc.array(fc.nat(9)), (list, cuts) => {
    const bytes = Uint8Array.from(list);
    const whole = splitInPieces(new LineSplitter(8), bytes, []);
    assert.deepEqual(splitInPieces(new LineSplitter(8), bytes, cuts), whole);
    assert.deepEqual(splitInPieces(new LineSplitter(8), bytes, bytes.map(() => 1)), whole);
  }));
});

Deno.test("a line is returned as soon as its line feed is there, and not before (P-1)", () => {
  const splitter = new LineSplitter();
  assert.deepEqual(splitter.push(encoder.encode("ab")), []);
  assert.equal(splitter.partialBytes, 2);
  assert.deepEqual(splitter.push(encoder.encode("c\nd")), ["abc"]);
  assert.equal(splitter.partialBytes, 1);
  assert.deepEqual(splitter.push(encoder.encode("\n")), ["d"]);
  assert.equal(splitter.partialBytes, 0);
});

Deno.test("a faulty line costs only itself, among others of the same read (P-4)", () => {
  const bytes = Uint8Array.from([...encoder.encode("a\n\n\r\n"), 0xff, 0x0a, 0x62, 0x0a]);
  const [first, second, third, ...rest] = new LineSplitter().push(bytes);
  assert.equal(first, "a");
  assert.ok(second instanceof RpcError);
  assert.equal(second.name, "ParseError");
  assert.equal(third, "b");
  assert.deepEqual(rest, []);
});

Deno.test("a line as long as the bound passes, in one read and in many (P-5)", () => {
  for (const cuts of [[], [3], [9], [1, 1, 1, 1]]) {
    assert.deepEqual(splitInPieces(new LineSplitter(10), encoder.encode("123456789\n"), cuts), [
      "123456789",
    ]);
  }
});

Deno.test("a longer line is refused once, and nothing comes after it (P-5)", () => {
  for (const cuts of [[], [3], [10], [1, 1, 1, 1]]) {
    const splitter = new LineSplitter(10);
    const bytes = encoder.encode("ok\n1234567890\nlater\n");
    assert.deepEqual(splitInPieces(splitter, bytes, cuts), ["ok", "InvalidRequest"]);
    assert.equal(splitter.overflowed, true);
    assert.equal(splitter.partialBytes, 0);
    assert.deepEqual(splitter.push(encoder.encode("still later\n")), []);
  }
});

Deno.test("by default the bound is that of a message (P-5)", () => {
  const splitter = new LineSplitter();
  const piece = new Uint8Array(64 * 1024).fill(0x61);
  for (let sent = 0; sent < messageMaxDefault; sent += piece.length) {
    assert.deepEqual(splitter.push(piece), []);
  }
  assert.equal(splitter.overflowed, false);
  const [line] = splitter.push(encoder.encode("\n"));
  assert.ok(line instanceof RpcError);
  assert.equal(line.name, "InvalidRequest");
  assert.match(line.message, /4194304 bytes/);
});

Deno.test("a read may hold far more lines than a function takes arguments", () => {
  const bytes = new Uint8Array(3 * messageMaxDefault);
  for (let i = 0; i < bytes.length; i += 2) bytes.set([0x31, 0x0a], i);
  assert.equal(new LineSplitter().push(bytes).length, bytes.length / 2);
});

Deno.test("the next read may overwrite the buffer of the one before", () => {
  const splitter = new LineSplitter();
  const buffer = encoder.encode("abc");
  splitter.push(buffer);
  buffer.fill(0x78);
  assert.deepEqual(splitter.push(encoder.encode("\n")), ["abc"]);
});

Deno.test("what is read to where a long line is gives the same lines (P-3, P-5)", () => {
  const lines = ["a", "é".repeat(60_000), "b", "x".repeat(40_000), "y".repeat(199_999), "", "c"];
  const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(""));
  const buffer = new Uint8Array(64 * 1024);
  for (const push of ["push", "pushLong"] as const) {
    for (const size of [5_000, 30_011, 65_536, 1_000_000]) {
      const splitter = new LineSplitter(200_000);
      const seen: string[] = [];
      let inPlace = 0;
      for (let at = 0; at < bytes.length;) {
        const { room } = splitter;
        if (room !== undefined) inPlace++;
        const part = bytes.subarray(at, at + Math.min(size, (room ?? buffer).length));
        (room ?? buffer).set(part);
        for (const line of splitter[push]((room ?? buffer).subarray(0, part.length))) {
          seen.push(
            line instanceof LentBytes ? new TextDecoder().decode(line.bytes) : String(line),
          );
        }
        at += part.length;
      }
      assert.ok(inPlace > 0);
      assert.equal(
        seen.join() === lines.filter((line) => line !== "").join(),
        true,
        `${push} ${size}`,
      );
      assert.equal(splitter.room, undefined);
    }
  }
});

Deno.test("where a long line is, there is no room for more than the bound (P-5)", () => {
  const splitter = new LineSplitter(100_000);
  splitter.push(new Uint8Array(90_000).fill(0x78));
  assert.equal(splitter.room?.length, 10_000);
  splitter.push(splitter.room?.fill(0x78) ?? assert.fail());
  assert.equal(splitter.room, undefined);
  assert.ok(splitter.push(encoder.encode("x"))[0] instanceof RpcError);
});

/**
 * The lines that come out, errors as their names. `cuts` are lengths; what they leave comes in one
 * piece.
 */
function splitInPieces(
  splitter: LineSplitter,
  bytes: Uint8Array,
  cuts: Iterable<number>,
): string[] {
  const lines: Line[] = [];
  let start = 0;
  for (const length of cuts) {
    lines.push(...splitter.push(bytes.slice(start, start + length)));
    start += length;
  }
  lines.push(...splitter.push(bytes.slice(start)));
  return lines.map((line) => typeof line === "string" ? line : line.name);
}

/**
 * Looks for a counterexample within a bounded time; a failure names the seed and the smallest
 * example.
 */
function search<Values>(property: fc.IProperty<Values>): void {
  fc.assert(property, {
    numRuns: 2_000,
    interruptAfterTimeLimit: searchMs,
    markInterruptAsFailure: false,
  });
}

Deno.test("what is no UTF-8 stays bytes where these are taken, line by line, until somebody looks", () => {
  const bytes = Uint8Array.of(0x31, 0x0a, 0xff, 0x0a, 0x0d, 0x0a, 0x0a, 0xfe, 0x33, 0x0a, 0x32);
  const lines = new LineSplitter().pushLong(bytes);
  assert.deepEqual(lines.map((line) => line instanceof LentBytes ? [...line.bytes] : line), [
    [0x31],
    [0xff],
    [0xfe, 0x33],
  ]);
});

Deno.test("very long lines stay bytes, and are the same lines wherever they are cut (P-3, P-5)", () => {
  const long = "é".repeat(30_000);
  const lines = ["a", long, "", "b", `${long}\r`, long, "c", "x".repeat(50_000)];
  const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(""));
  for (const size of [1_000, 10_007, 32_768, 40_000, 65_536, bytes.length]) {
    const splitter = new LineSplitter(70_000);
    const seen: string[] = [];
    let inBytes = 0;
    for (let at = 0; at < bytes.length; at += size) {
      const chunk = bytes.slice(at, at + size);
      for (const line of splitter.pushLong(chunk)) {
        if (line instanceof LentBytes) inBytes++;
        seen.push(line instanceof LentBytes ? new TextDecoder().decode(line.bytes) : String(line));
      }
      chunk.fill(0);
    }
    assert.deepEqual(seen, lines.filter((line) => line !== ""), String(size));
    // In longer reads some of them come behind a short line, with which they are decoded.
    assert.ok(size > 40_000 || inBytes === 4, `${inBytes} in reads of ${size}`);
  }
  const splitter = new LineSplitter(40_000);
  assert.deepEqual(splitter.pushLong(encoder.encode("x".repeat(39_999))), []);
  const [line, next] = splitter.pushLong(encoder.encode("\n" + "y".repeat(40_000)));
  assert.ok(line instanceof LentBytes && line.length === 39_999 && next === undefined);
  assert.ok(splitter.pushLong(encoder.encode("y"))[0] instanceof RpcError);
});

Deno.test("a long line that is too long is refused at its end, and nothing comes after it (P-5)", () => {
  for (const over of [0, 1]) {
    const splitter = new LineSplitter(50_000);
    assert.deepEqual(splitter.pushLong(encoder.encode("x".repeat(40_000))), []);
    const end = encoder.encode(`${"x".repeat(9_999 + over)}\nlater\n`);
    const [line, next] = splitter.pushLong(end);
    assert.equal(
      line instanceof RpcError ? line.name : line?.length,
      over ? "InvalidRequest" : 49_999,
    );
    assert.deepEqual([next, splitter.overflowed], over ? [undefined, true] : ["later", false]);
  }
});

Deno.test("what comes after a long line is kept, though the long one's buffer is given back (P-3)", () => {
  // Until nothing more is kept, and what is given back is gone.
  for (let held = 0; held <= spareBuffersBytesMax; held += 1024 * 1024) {
    spareBuffers.give(new Uint8Array(1024 * 1024));
  }
  const long = "x".repeat(900_000);
  const splitter = new LineSplitter();
  const lines: Line[] = [];
  let rest = encoder.encode(`${long}\nab`);
  while (rest.length > 0) {
    const { room } = splitter;
    const length = Math.min(room?.length ?? 64 * 1024, rest.length);
    room?.set(rest.subarray(0, length));
    lines.push(...splitter.push(room?.subarray(0, length) ?? rest.subarray(0, length)));
    rest = rest.subarray(length);
  }
  lines.push(...splitter.push(encoder.encode("c\n")));
  assert.deepEqual(lines.map((line) => String(line).slice(0, 5)), ["xxxxx", "abc"]);
});

Deno.test("after a long line the next one has room for as much once an eighth of it has come", () => {
  // A spare buffer may happen to be longer.
  while (spareBuffers.bytes > 0) spareBuffers.take(1);
  for (const length of [100_000, 900_000, 4_200_000]) {
    const splitter = new LineSplitter(8_000_000);
    const begin = (bytes: number) => {
      const begun = encoder.encode("x".repeat(bytes));
      assert.deepEqual(splitter.pushLong(begun), []);
      assert.notEqual(splitter.room, undefined);
    };
    begin(40_000);
    assert.ok(splitter.heldBytes < 100_000);
    const [line] = splitter.pushLong(encoder.encode(`${"x".repeat(length - 40_000)}\n`));
    assert.ok(line instanceof LentBytes && line.length === length);
    begin(40_000);
    assert.ok(splitter.heldBytes <= Math.max(8 * 40_000, 128 * 1024), `${splitter.heldBytes}`);
    begin(length / 4);
    assert.ok(splitter.heldBytes >= length && splitter.heldBytes <= length * 1.4);
  }
});
