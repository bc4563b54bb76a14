import assert from "node:assert/strict";
import { FirstLines } from "../../src/wire/first_lines.ts";

const encoder = new TextEncoder();

/** A stream that comes in these pieces. */
function streamOf(...pieces: (string | Uint8Array)[]) {
  const bytes = pieces.map((piece) => typeof piece === "string" ? encoder.encode(piece) : piece);
  return {
    read(buffer: Uint8Array) {
      const piece = bytes.shift();
      if (piece === undefined) return Promise.resolve(null);
      buffer.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}

Deno.test("FirstLines reads lines one by one, and gives back what comes behind them", async () => {
  const euro = encoder.encode("€");
  const lines = new FirstLines(
    streamOf("on", "e\n\ntwo\nthree\n€", euro.subarray(0, 1), euro.subarray(1), "\nfour"),
    1_000,
  );
  assert.deepEqual([await lines.next(), await lines.next()], ["one", "two"]);
  assert.equal(new TextDecoder().decode(lines.rest), "three\n€");
  assert.deepEqual([await lines.next(), await lines.next()], ["three", "€€"]);
  assert.deepEqual([await lines.next(), lines.isTooLong], [undefined, false]);
  assert.equal(new TextDecoder().decode(lines.rest), "four");
});

Deno.test("FirstLines reads no more than it may, of one line or of many", async () => {
  for (const line of ["x".repeat(100), "x\n".repeat(50)]) {
    const lines = new FirstLines(streamOf(line, line), 199);
    let count = 0;
    while (await lines.next() !== undefined) count++;
    assert.deepEqual([count, lines.isTooLong], [line.includes("\n") ? 50 : 0, true]);
  }
});

Deno.test("FirstLines refuses a line that is not UTF-8", async () => {
  const lines = new FirstLines(streamOf(Uint8Array.of(0xff, 10)), 100);
  await assert.rejects(lines.next(), { name: "ParseError" });
});
