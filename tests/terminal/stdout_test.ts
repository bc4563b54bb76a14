import assert from "node:assert/strict";
import { painted } from "../../src/terminal/stdout.ts";

Deno.test("what is no terminal gets no colours", () => {
  assert.equal(painted("red", "text", { isTerminal: () => false }), "text");
  assert.equal(painted("red", "", { isTerminal: () => true }), "");
});
