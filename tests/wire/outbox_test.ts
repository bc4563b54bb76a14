import assert from "node:assert/strict";
import { lineBufferBytes } from "../../src/base/limits.ts";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { Outbox, type Sink } from "../../src/wire/outbox.ts";
import { settled } from "../support/virtual_clock.ts";
import { FakeSink, longLine } from "./fake_sink.ts";

function outboxOn(sink: Sink): { outbox: Outbox; errors: unknown[] } {
  const errors: unknown[] = [];
  return { outbox: new Outbox(sink, (error) => errors.push(error)), errors };
}

Deno.test("lines pushed together leave in one write (P-14)", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  for (const line of ["a\n", "b\n", "c\n"]) outbox.push(line);
  assert.equal(sink.waiting, 0);
  await settled();
  assert.deepEqual(sink.writes, ["a\nb\nc\n"]);
  await sink.take();
  assert.equal(outbox.pendingBytes, 0);
  assert.equal(outbox.bytesWritten, 6);
});

Deno.test("lines that promises push one after another still leave in one write", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  for (let i = 0; i < 5; i++) {
    void Promise.resolve().then(() => outbox.push(`a${i}\n`)).then(() => outbox.push(`b${i}\n`));
  }
  await settled();
  assert.equal(sink.writes.length, 1);
  await sink.take();
  assert.equal(sink.taken, "a0\na1\na2\na3\na4\nb0\nb1\nb2\nb3\nb4\n");
});

Deno.test("lines that each come in microtasks of their own leave in one write, where it is put off", async () => {
  const sink = new FakeSink();
  const flushes: (() => void)[] = [];
  const later = (run: () => void) => void flushes.push(run);
  const outbox = new Outbox(sink, () => {}, { later });
  for (const line of ["a\n", "b\n", "c\n"]) {
    outbox.push(line);
    await settled();
  }
  assert.deepEqual([sink.writes, flushes.length], [[], 1]);
  flushes.shift()?.();
  await sink.take();
  outbox.push("d\n");
  flushes.shift()?.();
  await sink.take();
  assert.deepEqual(sink.writes, ["a\nb\nc\n", "d\n"]);
  outbox.push("e\n");
  outbox.close();
  flushes.shift()?.();
  assert.equal(sink.waiting, 0);
});

Deno.test("a single line does not wait for company (P-14)", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  outbox.push("a\n");
  for (let i = 0; i < 4; i++) await Promise.resolve();
  assert.deepEqual(sink.writes, ["a\n"]);
  await sink.take();
});

Deno.test("lines pushed during a write leave together in the next", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  outbox.push("a\n");
  await settled();
  outbox.push("b\n");
  await settled();
  outbox.push("c\n");
  assert.deepEqual(sink.writes, ["a\n"]);
  assert.equal(outbox.pendingBytes, 6);
  await sink.take();
  assert.deepEqual(sink.writes, ["a\n", "b\nc\n"]);
  await sink.take();
  assert.equal(outbox.pendingBytes, 0);
});

Deno.test("what a partial write leaves is written next, before anything newer", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  outbox.push("abcdef\n");
  await settled();
  outbox.push("later\n");
  await sink.take(2);
  assert.equal(outbox.bytesWritten, 2);
  assert.equal(outbox.pendingBytes, 5 + 6);
  await sink.take(1);
  await sink.take(4);
  await sink.take();
  assert.deepEqual(sink.writes, ["abcdef\n", "cdef\n", "def\n", "later\n"]);
  assert.equal(sink.taken, "abcdef\nlater\n");
});

Deno.test("characters of many bytes and long bursts arrive whole (P-1)", async () => {
  for (
    const line of [
      "é€😀\n",
      `${"€".repeat(1_500)}\n`,
      `${"€".repeat(3_000)}\n`,
      `${"€".repeat(100_000)}\n`,
    ]
  ) {
    const sink = new FakeSink();
    const { outbox } = outboxOn(sink);
    outbox.push(line);
    outbox.push(line);
    await settled();
    await sink.take();
    assert.equal(sink.taken, line + line);
    assert.equal(outbox.bytesWritten, 2 * new TextEncoder().encode(line).length);
  }
});

Deno.test("a failed write is told once, drops what waits and all that comes", async () => {
  const sink = new FakeSink();
  const { outbox, errors } = outboxOn(sink);
  outbox.push("a\n");
  await settled();
  outbox.push("b\n");
  const drained = outbox.drained();
  const failure = new Error("reset by peer");
  await sink.fail(failure);
  assert.deepEqual(errors, [failure]);
  await drained;
  outbox.push("c\n");
  await settled();
  assert.deepEqual(sink.writes, ["a\n"]);
  assert.equal(outbox.pendingBytes, 0);
  assert.deepEqual(errors, [failure]);
});

Deno.test("a sink that throws instead of rejecting fails the same way", async () => {
  const failure = new Error("closed");
  const { outbox, errors } = outboxOn({
    write() {
      throw failure;
    },
  });
  outbox.push("a\n");
  await outbox.drained();
  assert.deepEqual(errors, [failure]);
});

Deno.test("drained() waits for the last byte, that of lines pushed meanwhile too", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  await outbox.drained();
  outbox.push("a\n");
  let drained = false;
  void outbox.drained().then(() => drained = true);
  await settled();
  outbox.push("b\n");
  await sink.take(1);
  await sink.take();
  assert.equal(drained, false);
  await sink.take();
  assert.equal(drained, true);
});

Deno.test("close() drops what waits, frees who waits, and says nothing of the write under way", async () => {
  const sink = new FakeSink();
  const { outbox, errors } = outboxOn(sink);
  outbox.push("a\n");
  await settled();
  outbox.push("b\n");
  const drained = outbox.drained();
  outbox.close();
  await drained;
  assert.equal(outbox.pendingBytes, 0);
  await sink.fail(new Error("too late to matter"));
  outbox.push("c\n");
  await settled();
  assert.deepEqual(sink.writes, ["a\n"]);
  assert.deepEqual(errors, []);
  await outbox.drained();
});

Deno.test("a write that succeeds after close() brings nothing back to life", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  outbox.push("a\n");
  await settled();
  outbox.close();
  await sink.take();
  assert.equal(outbox.pendingBytes, 0);
  outbox.push("b\n");
  await settled();
  assert.deepEqual(sink.writes, ["a\n"]);
});

Deno.test("close() before the flush writes nothing at all", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  outbox.push("a\n");
  outbox.close();
  await settled();
  assert.deepEqual(sink.writes, []);
});

Deno.test("a large burst begins to leave while it still grows, and the rest goes in the next write", async () => {
  const sink = new FakeSink();
  const outbox = new Outbox(sink, () => assert.fail("no write fails"));
  const line = "x".repeat(99) + "\n";
  for (let i = 0; i < 30; i++) outbox.push(line);
  assert.deepEqual(sink.writes.map((write) => write.length), [2_100]);
  await sink.take();
  assert.deepEqual(sink.writes.map((write) => write.length), [2_100, 900]);
  await sink.take();
  await outbox.drained();
  assert.equal(sink.taken, line.repeat(30));
});

Deno.test("what nobody reads is written in pieces, however much it is, in order", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  // Together longer than any string can be; the lines are one and the same, so that it takes no
  // memory.
  const line = `${"x".repeat(1024 * 1024 - 1)}\n`;
  const count = 600;
  outbox.push("first\n");
  await settled();
  for (let i = 0; i < count; i++) outbox.push(line);
  assert.equal(outbox.pendingBytes, 6 + count * line.length);
  for (let taken = 0; taken <= 2; taken++) await sink.take();
  assert.equal(sink.writes[0], "first\n");
  assert.ok(sink.writes.slice(1).every((write) => write === line));
  assert.equal(outbox.pendingBytes, (count - 2) * line.length);
  outbox.close();
});

Deno.test("bytes leave between the texts around them, short ones in one write", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const lines = [longLine(100, "a"), longLine(200, "b"), longLine(300, "c")];
  for (const { line } of lines) outbox.push(line);
  outbox.push("d\n");
  const text = `${lines.map(({ text }) => text).join("")}d\n`;
  await settled();
  await sink.take(7);
  while (sink.waiting > 0) await sink.take();
  assert.equal(sink.taken, text);
  assert.equal(outbox.bytesWritten, text.length);
  assert.equal(sink.writes.length, 2);
  assert.ok(lines.every(({ line }) => line.body.isGone));
});

Deno.test("lines of 10 kB leave together by 32 KiB", async () => {
  const sink = new FakeSink();
  const outbox = outboxOn(sink).outbox;
  for (let i = 0; i < 10; i++) {
    assert.equal(sink.waiting, i < 4 ? 0 : 1);
    outbox.push(longLine(10_000, "x").line);
  }
  while (sink.waiting > 0) await sink.take();
  assert.equal(sink.writes.length, 2);
});

Deno.test("long bytes are written as they are, and held until all of them are", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const { line, text } = longLine(300_000, "x");
  outbox.push("before\n");
  outbox.push(line);
  outbox.push("after\n");
  await sink.take();
  await sink.take(100_000);
  assert.equal(line.body.isGone, false);
  while (sink.waiting > 0) await sink.take();
  assert.equal(line.body.isGone, true);
  assert.equal(sink.taken, `before\n${text}after\n`);
});

Deno.test("bytes whose write was broken off are nobody else's: it may still be under way", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const { line } = longLine(300_000, "x");
  outbox.push(line);
  await sink.take();
  outbox.close();
  await sink.take(100_000);
  assert.equal(line.body.isGone, false);
});

Deno.test("long texts arrive whole, whatever their characters (P-1)", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const text = ["x".repeat(300_000), "世".repeat(300_000), `${"y".repeat(200_000)}😀é\ud800\n`]
    .join("");
  outbox.push(text);
  while (sink.waiting > 0 || outbox.pendingBytes > 0) {
    if (sink.waiting > 0) await sink.take();
    else await settled();
  }
  assert.equal(sink.taken === text.toWellFormed(), true);
});

Deno.test("what is held is whole buffers, also of a line that is half written, until it is written or dropped", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const [length, bufferBytes] = [600_000, 1024 * 1024];
  const push = () => {
    const body = new LentBytes(
      new Uint8Array(bufferBytes).fill(0x78, 0, length).subarray(0, length),
    );
    outbox.push({ head: '"', body, tail: '"\n', length: length + 3 });
  };
  push();
  push();
  while (sink.writes.at(-1)?.length !== length) await sink.take();
  assert.ok(outbox.heldBytes >= 2 * bufferBytes, `${outbox.heldBytes}`);
  await sink.take(length - 1);
  assert.ok(outbox.heldBytes >= 2 * bufferBytes, `${outbox.heldBytes}`);
  while (sink.waiting > 0) await sink.take();
  assert.equal(outbox.heldBytes, 0);
  push();
  push();
  outbox.close();
  assert.equal(outbox.pendingBytes, 0);
});

Deno.test("a burst that is to be longer before it leaves early is one write until then", async () => {
  const sink = new FakeSink();
  const outbox = new Outbox(sink, () => assert.fail("no write fails"), { burstLength: 8_000 });
  const line = `${"x".repeat(99)}\n`;
  for (let i = 0; i < 79; i++) outbox.push(line);
  await settled();
  assert.deepEqual(sink.writes.map(({ length }) => length), [7_900]);
  await sink.take();
  for (let i = 0; i < 90; i++) outbox.push(line);
  await settled();
  assert.deepEqual(sink.writes.map(({ length }) => length), [7_900, 8_000]);
  await sink.take();
  assert.deepEqual(sink.writes.map(({ length }) => length), [7_900, 8_000, 1_000]);
  await sink.take();
});

/** Writes a line as bytes, if the outbox takes it so. */
function write(outbox: Outbox, line: string): boolean {
  const { lines } = outbox;
  if (lines === undefined) return false;
  for (const byte of new TextEncoder().encode(line)) lines.end = lines.byte(lines.end, byte);
  outbox.wrote();
  return true;
}

Deno.test("lines written as bytes leave in one write with the text behind them (P-14)", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  assert.ok(write(outbox, "a\n") && write(outbox, "b\n"));
  assert.equal(outbox.pendingBytes, 4);
  outbox.push("ü\n");
  assert.ok(!write(outbox, "never\n"), "it would overtake text");
  outbox.push("c\n");
  await settled();
  assert.deepEqual(sink.writes, ["a\nb\nü\nc\n"]);
  assert.ok(write(outbox, "d\n"), "a write is under way, and no text waits");
  await sink.take(3);
  assert.deepEqual(sink.writes.at(-1), "\nü\nc\n");
  await sink.take();
  assert.deepEqual(sink.writes.at(-1), "d\n");
  assert.ok(write(outbox, "e\n"));
  outbox.push({ head: "f", body: "g", tail: "h\n", length: 4 });
  await sink.take();
  while (sink.waiting > 0) await sink.take();
  assert.equal(sink.taken, "a\nb\nü\nc\nd\ne\nfgh\n");
  assert.deepEqual([outbox.pendingBytes, outbox.heldBytes > 0], [0, false]);
});

Deno.test("lines written as bytes begin to leave early, and go on as text when there is no room", async () => {
  const sink = new FakeSink();
  const { outbox } = outboxOn(sink);
  const line = `${"x".repeat(99)}\n`;
  let asBytes = 0;
  for (let i = 0; i < 200; i++) {
    if (write(outbox, line)) asBytes++;
    else outbox.push(line);
  }
  assert.deepEqual(sink.writes.map(({ length }) => length), [2_100]);
  assert.ok(asBytes >= 64 && asBytes < 100, `${asBytes}`);
  assert.ok(outbox.heldBytes >= 20_000 - 100 * asBytes + lineBufferBytes, `${outbox.heldBytes}`);
  while (sink.waiting > 0) await sink.take();
  assert.equal(sink.taken, line.repeat(200));
  assert.ok(sink.writes.length <= 3, `${sink.writes.length}`);
});

Deno.test("a closed outbox takes no line as bytes, and drops those that it has", async () => {
  const sink = new FakeSink();
  const { outbox, errors } = outboxOn(sink);
  assert.ok(write(outbox, "a\n"));
  outbox.close();
  assert.equal(outbox.lines, undefined);
  await settled();
  assert.deepEqual([sink.writes, errors, outbox.heldBytes], [[], [], 0]);
});
