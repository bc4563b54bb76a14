import assert from "node:assert/strict";
import { stackOf } from "../../../src/workers/child/worker_stdio.ts";

function withStack(stack: string): Error {
  return Object.assign(new Error("x"), { stack });
}

const own = "file:///program/src/";

Deno.test("a procedure's stack ends with the procedure, and tells nothing of how it was called", () => {
  const theirs =
    "Error: x\n    at deep (file:///home/tasks.ts:3:4)\n    at work (file:///home/tasks.ts:1:2)";
  const ours =
    `    at invoke (${own}procedures/invoke.ts:1:2)\n    at async ${own}workers/main.ts:8:16`;
  assert.equal(stackOf(withStack(`${theirs}\n${ours}`), own), theirs);
  // A procedure that was called back by us, between frames of its own.
  const between = `${theirs}\n${ours}\n    at outer (file:///home/tasks.ts:9:9)`;
  assert.equal(stackOf(withStack(`${between}\n${ours}`), own), between);
});

Deno.test("an error of our own keeps its stack, which is all there is to tell", () => {
  const stack = `TypeError: x\n    at invoke (${own}procedures/invoke.ts:1:2)`;
  assert.equal(stackOf(withStack(stack), own), stack);
});
