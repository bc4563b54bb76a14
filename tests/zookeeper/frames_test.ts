import assert from "node:assert/strict";
import { randomInt } from "../../src/base/random.ts";
import { testSeed } from "../support/seed.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { isZooKeeperError } from "../../src/zookeeper/errors.ts";
import { CutFrame, FrameSplitter } from "../../src/zookeeper/frames.ts";

const payloads = [[1], [], [2, 3, 4], new Array(70_000).fill(9), [5, 6]].map((p) =>
  Uint8Array.from(p)
);

function streamOf(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => {
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setInt32(0, part.length);
    return [...prefix, ...part];
  }));
}

function split(pieces: Iterable<Uint8Array>): (Uint8Array | CutFrame)[] {
  const splitter = new FrameSplitter(100_000);
  return [...pieces].flatMap((piece) => [...splitter.push(piece)]);
}

Deno.test("FrameSplitter takes a stream whole", () => {
  assert.deepEqual(split([streamOf(payloads)]), payloads);
});

Deno.test("FrameSplitter takes a stream byte by byte", () => {
  const stream = streamOf(payloads);
  assert.deepEqual(split(Array.from(stream, (byte) => Uint8Array.of(byte))), payloads);
});

Deno.test("FrameSplitter takes a stream split anywhere", () => {
  const stream = streamOf(payloads);
  const seed = testSeed;
  const random = seededRandom(seed);
  for (let round = 0; round < 50; round++) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < stream.length;) {
      const size = 1 + randomInt(random, random() < 0.5 ? 8 : 40_000);
      pieces.push(stream.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual(split(pieces), payloads, `round ${round} of seed ${seed}`);
  }
});

Deno.test("FrameSplitter keeps nothing of the caller's buffer", () => {
  const buffer = Uint8Array.of(0, 0, 0, 2, 1, 2);
  const [payload] = split([buffer]);
  buffer.fill(0);
  assert.deepEqual(payload, Uint8Array.of(1, 2));
});

Deno.test("FrameSplitter passes over a frame that is too long, and yields its head", () => {
  const long = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
  const stream = streamOf([...payloads, long, long, ...payloads]);
  for (const size of [1, 3, 64 * 1024, stream.length]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) pieces.push(stream.slice(at, at + size));
    const frames = split(pieces);
    const cut = new CutFrame(long.slice(0, 16), 100_001);
    assert.deepEqual(frames, [...payloads, cut, cut, ...payloads]);
  }
  // The head comes before the rest has.
  const [early] = split([Uint8Array.of(0, 2, 0, 0, ...long.slice(0, 16))]);
  assert.deepEqual(early, new CutFrame(long.slice(0, 16), 0x20000));
});

Deno.test("FrameSplitter yields the frames before one that cannot be ZooKeeper's, then throws", () => {
  const splitter = new FrameSplitter(3);
  const frames = splitter.push(Uint8Array.of(0, 0, 0, 3, 1, 2, 3, 0x7f, 0, 0, 4));
  assert.deepEqual(frames.next().value, Uint8Array.of(1, 2, 3));
  assert.throws(() => frames.next(), (error) => isZooKeeperError(error, "FRAME_TOO_LARGE"));
});

Deno.test("FrameSplitter refuses a negative length", () => {
  assert.throws(
    () => [...new FrameSplitter(3).push(Uint8Array.of(0xff, 0, 0, 0))],
    (error) => isZooKeeperError(error, "MARSHALLING_ERROR"),
  );
});
