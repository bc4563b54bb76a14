import assert from "node:assert/strict";
import {
  LentBytes,
  SpareBuffers,
  spareBuffers,
  withEncoded,
} from "../../src/base/spare_buffers.ts";
import { isSearchable } from "../../src/base/values/byte_search.ts";

const kiB = 1024;

Deno.test("what is given back is taken again, by whoever needs no more", () => {
  const spare = new SpareBuffers(1024 * kiB);
  const buffer = spare.take(100 * kiB);
  assert.ok(buffer.length >= 100 * kiB);
  spare.give(buffer);
  assert.equal(spare.take(300 * kiB) === buffer, false);
  assert.equal(spare.take(90 * kiB), buffer);
  assert.equal(spare.take(90 * kiB) === buffer, false, "nobody shares one");
});

Deno.test("no more is kept than the bound says, the latest before the oldest", () => {
  const spare = new SpareBuffers(512 * kiB);
  const buffers = Array.from({ length: 4 }, () => spare.take(200 * kiB));
  for (const buffer of buffers) spare.give(buffer);
  assert.equal(spare.bytes, 2 * 224 * kiB);
  assert.equal(spare.take(1), buffers[3]);
  assert.equal(spare.take(1), buffers[2]);
  assert.equal(spare.bytes, 0);
  spare.give(new Uint8Array(1024 * kiB));
  spare.give(new Uint8Array(1 * kiB));
  assert.equal(spare.bytes, 0, "neither what is too large nor what is small");
});

Deno.test("a buffer is at most a quarter longer than what was asked for", () => {
  const spare = new SpareBuffers();
  for (const bytes of [65 * kiB, 100_000, 128 * kiB, 4096 * kiB + 100, 9_000_001]) {
    const { length } = spare.take(bytes);
    assert.ok(length >= bytes && length <= bytes * 1.25, `${length} for ${bytes}`);
  }
});

Deno.test("withEncoded() hands out the bytes of a text of any length, and gives back its buffer", () => {
  for (const text of ["", "é", "世".repeat(30_000), "x".repeat(6_000_000)]) {
    const bytes = withEncoded(text, (encoded) => encoded.slice());
    assert.equal(new TextDecoder().decode(bytes) === text, true);
  }
  const before = spareBuffers.bytes;
  assert.throws(() =>
    withEncoded("x".repeat(100_000), () => {
      throw new Error("no");
    })
  );
  assert.ok(spareBuffers.bytes >= before);
});

Deno.test("the smallest that is large enough is taken", () => {
  const spare = new SpareBuffers(4096 * kiB);
  const [large, small] = [spare.take(2048 * kiB), spare.take(128 * kiB)];
  for (const buffer of [small, large]) spare.give(buffer);
  assert.equal(spare.take(100 * kiB), small);
  assert.equal(spare.take(100 * kiB), large);
});

Deno.test("lent bytes are given back by the last who lets go of them, and once", () => {
  const buffer = new Uint8Array(100 * kiB);
  const isBack = () => {
    const taken = spareBuffers.take(buffer.length);
    const isSame = taken.buffer === buffer.buffer;
    if (!isSame) spareBuffers.give(taken);
    return isSame;
  };
  const lent = new LentBytes(buffer);
  const part = lent.part(10, 20);
  assert.equal(part.length, 10);
  part.hold();
  lent.letGo();
  assert.equal(part.isGone, false);
  assert.equal(isBack(), false);
  part.letGo();
  assert.equal(lent.isGone, true);
  assert.throws(() => lent.hold());
  lent.letGo();
  assert.equal(isBack(), true);
  assert.equal(isBack(), false);
});

Deno.test("what is not kept is given back at once, and not when the garbage is collected", () => {
  const spare = new SpareBuffers(1024 * kiB);
  const [first, second, large] = [1024 * kiB, 1024 * kiB, 2048 * kiB].map((bytes) =>
    new Uint8Array(bytes)
  ) as [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
  for (const buffer of [first, second, large]) spare.give(buffer);
  assert.deepEqual([first, second, large].map(({ length }) => length), [0, 1024 * kiB, 0]);
});

Deno.test("what is searched where it is can be given back past the bound, too", () => {
  const spare = new SpareBuffers(256 * kiB);
  const buffers = Array.from({ length: 3 }, () => spare.take(128 * kiB));
  assert.deepEqual(buffers.map(({ buffer }) => isSearchable(buffer)), [true, true, true]);
  assert.equal(isSearchable(spare.take(512 * kiB).buffer), false);
  for (const buffer of buffers) spare.give(buffer);
  assert.equal(spare.bytes, 256 * kiB);
  assert.deepEqual(buffers.map(({ length }) => length), [128 * kiB, 128 * kiB, 128 * kiB]);
});

Deno.test("withEncoded() makes no buffer for a short text", () => {
  const bufferOf = (text: string) => withEncoded(text, ({ buffer }) => buffer);
  assert.equal(bufferOf("a"), bufferOf("é"));
  const longest = "\u20ac".repeat(1024);
  assert.equal(bufferOf(longest), bufferOf(""));
  assert.equal(withEncoded(longest, (bytes) => new TextDecoder().decode(bytes)), longest);
});
