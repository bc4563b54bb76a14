import assert from "node:assert/strict";
import { editDistance, hintFor } from "../../../src/base/names/nearest.ts";

Deno.test("editDistance() counts insertions, deletions, replacements and swaps of neighbours", () => {
  const cases: [one: string, other: string, distance: number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["fib", "fib", 0],
    ["fib", "fibs", 1],
    ["fib", "fb", 1],
    ["fib", "fab", 1],
    ["fib", "fbi", 1],
    ["fib", "ifb", 1],
    ["kitten", "sitting", 3],
    // Restricted: a letter that was swapped is not touched again, which would make it two.
    ["ca", "abc", 3],
  ];
  for (const [one, other, distance] of cases) {
    assert.equal(editDistance(one, other), distance, `${one} ${other}`);
    assert.equal(editDistance(other, one), distance, `${other} ${one}`);
  }
});

Deno.test("editDistance() does not compare words that are too different in length", () => {
  assert.equal(editDistance("a", "abcdef", 3), 3);
  assert.equal(editDistance("x".repeat(100_000), "y", 5), 5);
});

Deno.test("hintFor() finds what was likely meant, whatever its case, and the nearest of many", () => {
  const names = ["ping", "pi", "fib", "rpc.discover"];
  assert.equal(hintFor("fbi", names, "none"), "did you mean fib?");
  assert.equal(hintFor("FIB", names, "none"), "did you mean fib?");
  assert.equal(hintFor("pign", names, "none"), "did you mean ping?");
  // Two of five letters.
  assert.equal(hintFor("sever", ["serve", "servers"], "none"), "did you mean serve?");
  assert.equal(hintFor("rpc.discvoer", names, "none"), "did you mean rpc.discover?");
});

Deno.test("hintFor() does not guess wildly", () => {
  assert.equal(hintFor("sum", ["ping", "pi", "fib"], "none"), "none");
  // Four of six letters.
  assert.equal(hintFor("server", ["subset"], "none"), "none");
  assert.equal(hintFor("anything", [], "none"), "none");
  assert.equal(hintFor("", ["f", "pi"], "none"), "none");
  assert.equal(hintFor("g", ["f", "pi"], "none"), "none");
  assert.equal(hintFor("p", ["f", "pi"], "none"), "did you mean pi?");
});
