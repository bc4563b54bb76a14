import assert from "node:assert/strict";
import { stderrLineLengthMax, StderrLines } from "../../../src/workers/process/stderr_lines.ts";

const utf8 = new TextEncoder();

Deno.test("what a worker prints is cut into lines, however it arrives", () => {
  const lines = new StderrLines();
  const bytes = utf8.encode("one\n\ntwo €\nthree");
  const seen = [...bytes].flatMap((byte) => lines.push(Uint8Array.of(byte)));
  assert.deepEqual(seen, ["one", "two €"]);
  assert.deepEqual(lines.end(), ["three"]);
});

Deno.test("colours of what a worker prints are left out, and lines of nothing else", () => {
  const lines = new StderrLines();
  const text = "\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: no\n\x1b[0m\n\x1b[38;5;9mend\x1b[m";
  assert.deepEqual(lines.push(utf8.encode(text)), ["error: no"]);
  assert.deepEqual(lines.end(), ["end"]);
});

Deno.test("a line without an end is kept up to its bound only", () => {
  const lines = new StderrLines();
  for (let i = 0; i < 100; i++) assert.deepEqual(lines.push(utf8.encode("x".repeat(1_000))), []);
  const [line] = lines.push(utf8.encode("\nnext\n"));
  assert.equal(line?.length, stderrLineLengthMax);
});

Deno.test("lines that are skipped are counted, and none is seen in part", () => {
  const lines = new StderrLines();
  assert.deepEqual(lines.push(utf8.encode("whole\nbeg")), ["whole"]);
  assert.equal(lines.skip(utf8.encode("un\n\ntwo\nthr")), 3);
  assert.equal(lines.skip(utf8.encode("e")), 0);
  assert.deepEqual(lines.push(utf8.encode("e")), []);
  assert.deepEqual(lines.push(utf8.encode("\nfour\n")), ["four"]);
});
