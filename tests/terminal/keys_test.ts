import assert from "node:assert/strict";
import { keysOf } from "../../src/terminal/keys.ts";

Deno.test("what a terminal sends is told as keys, and what nobody knows is left out", () => {
  assert.deepEqual(keysOf("\x1b[A\x1bOB\r\x7f\x1b"), [
    "up",
    "down",
    "enter",
    "backspace",
    "escape",
  ]);
  assert.deepEqual(keysOf("q/é你😀"), ["q", "/", "é", "你", "😀"]);
  assert.deepEqual(keysOf("\x1b[5~\x1b[6~\x03"), ["page up", "page down", "ctrl-c"]);
  // Home, F5, a mouse, Ctrl-L.
  assert.deepEqual(keysOf("\x1b[H\x1b[15~\x1b[1;5C\x0c"), []);
  assert.deepEqual(keysOf(""), []);
});
