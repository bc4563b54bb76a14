import assert from "node:assert/strict";
import { spareBuffers } from "../../src/base/spare_buffers.ts";
import { Outbox } from "../../src/wire/outbox.ts";

Deno.test("a buffer that is too short for the next burst is a spare one again", async () => {
  const buffers: ArrayBufferLike[] = [];
  const outbox = new Outbox({
    write(bytes) {
      buffers.push(bytes.buffer);
      return Promise.resolve(bytes.length);
    },
  }, assert.ifError);
  for (const length of [25_000, 50_000]) {
    outbox.push(`${"x".repeat(length)}\n`);
    await outbox.drained();
  }
  const [first, second] = buffers;
  assert.equal(first === second, false);
  assert.equal(spareBuffers.take(3 * 25_001).buffer === first, true);
});
