import assert from "node:assert/strict";
import {
  lineBufferBytes,
  readBufferBytes,
  readBufferBytesIdle,
  readBufferBytesLong,
  shortLineBytesMax,
} from "../../src/base/limits.ts";
import { LineBuffer, ReadBuffer } from "../../src/wire/buffers.ts";

Deno.test("a read buffer is small until a read fills it", () => {
  const buffer = new ReadBuffer();
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
  buffer.took(readBufferBytesIdle - 1);
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
  buffer.took(readBufferBytesIdle);
  assert.equal(buffer.bytes.length, readBufferBytes);
});

Deno.test("a read buffer grows again once a long message fills it, and no further", () => {
  const buffer = new ReadBuffer();
  for (const bytes of [readBufferBytes, readBufferBytesLong, readBufferBytesLong]) {
    buffer.took(buffer.bytes.length);
    assert.equal(buffer.bytes.length, bytes);
  }
  for (let reads = 0; reads < 16; reads++) buffer.took(10);
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
});

Deno.test("a read buffer gives back what was read, also when it grows by it", () => {
  const buffer = new ReadBuffer();
  buffer.bytes.fill(7);
  const read = buffer.took(readBufferBytesIdle);
  assert.equal(read.length, readBufferBytesIdle);
  assert.ok(read.every((byte) => byte === 7));
  buffer.bytes.set([1, 2, 3]);
  assert.deepEqual([...buffer.took(3)], [1, 2, 3]);
});

Deno.test("a read buffer gets small again after a while of little, and only then", () => {
  const buffer = new ReadBuffer();
  buffer.took(readBufferBytesIdle);
  for (let reads = 0; reads < 1_000; reads++) {
    // One read in eight is of many calls at once.
    buffer.took(reads % 8 === 0 ? 10_000 : 10);
    assert.equal(buffer.bytes.length, readBufferBytes);
  }
  for (let reads = 0; reads < 16; reads++) buffer.took(10);
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
});

Deno.test("a buffer of lines has memory only while there are lines, and gives none away in use", () => {
  const one = new LineBuffer();
  const other = new LineBuffer();
  assert.equal(one.heldBytes, 0);
  const put = (lines: LineBuffer, byte: number) => {
    assert.ok(lines.hasRoom());
    lines.end = lines.byte(lines.end, byte);
  };
  put(one, 1);
  assert.equal(one.heldBytes, lineBufferBytes);
  const first = one.take();
  put(one, 2);
  one.release();
  put(other, 3);
  assert.deepEqual([...first], [1], "what is being written was written to");
  const second = one.take();
  assert.deepEqual([...second], [2]);
  one.drop();
  put(one, 4);
  assert.deepEqual([[...first], [...second]], [[1], [2]]);
  one.take();
  one.release();
  other.take();
  other.release();
  assert.equal(one.heldBytes + other.heldBytes, 0);
});

Deno.test("a buffer of lines has no room once another line might not fit", () => {
  const lines = new LineBuffer();
  while (lines.hasRoom()) lines.end += shortLineBytesMax;
  assert.equal(lines.end, lineBufferBytes);
  lines.take();
  lines.release();
  assert.ok(lines.hasRoom());
});
