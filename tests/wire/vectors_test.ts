import assert from "node:assert/strict";
import { randomInt } from "../../src/base/random.ts";
import { testSeed } from "../support/seed.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { assertAnswers, bytesOf, readVectors, requestFiles } from "../vectors/vectors.ts";
import { ReferencePeer } from "./reference_peer.ts";

/** Past this, random pieces get longer with the message, so that a test stays short. */
const piecesMax = 2_000;

const seed = testSeed;

for (const file of requestFiles) {
  for (const vector of readVectors(file)) {
    Deno.test(`${file}: ${vector.name} (${vector.clauses.join(", ")})`, () => {
      const bytes = bytesOf(vector);
      for (const [how, pieces] of Object.entries(splits(bytes))) {
        const peer = new ReferencePeer();
        for (const piece of pieces) peer.push(piece);
        assertAnswers(peer.answers, vector, how);
        assert.equal(peer.closed, vector.closes ?? false, how);
      }
    });
  }
}

/** The same bytes in one piece, byte by byte, and in random pieces. */
function splits(bytes: Uint8Array): Record<string, Iterable<Uint8Array>> {
  return {
    "whole": [bytes],
    "byte by byte": pieces(bytes, () => 1),
    [`in random pieces, seed ${seed}`]: randomPieces(bytes),
  };
}

function randomPieces(bytes: Uint8Array): Iterable<Uint8Array> {
  const random = seededRandom(seed);
  const longest = Math.max(16, Math.ceil(2 * bytes.length / piecesMax));
  return pieces(bytes, () => 1 + randomInt(random, longest));
}

function* pieces(bytes: Uint8Array, nextLength: () => number): Iterable<Uint8Array> {
  // One buffer for all pieces, as a connection has: what a splitter keeps, it must have copied.
  let buffer = new Uint8Array(64);
  for (let start = 0; start < bytes.length;) {
    const piece = bytes.subarray(start, start + nextLength());
    if (piece.length > buffer.length) buffer = new Uint8Array(2 * piece.length);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    buffer.fill(0x21, 0, piece.length);
    start += piece.length;
  }
}
