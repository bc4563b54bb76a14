import assert from "node:assert/strict";
import { readBufferBytes, readBufferBytesIdle } from "../../src/base/limits.ts";
import { ReadBuffer } from "../../src/wire/read_buffer.ts";

Deno.test("a read buffer is small until a read fills it", () => {
  const buffer = new ReadBuffer();
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
  buffer.took(readBufferBytesIdle - 1);
  assert.equal(buffer.bytes.length, readBufferBytesIdle);
  buffer.took(readBufferBytesIdle);
  assert.equal(buffer.bytes.length, readBufferBytes);
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
