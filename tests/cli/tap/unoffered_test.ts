import assert from "node:assert/strict";
import { unofferedTexts } from "../../../src/cli/tap/unoffered.ts";
import { instanceAt } from "../../support/fake_discovery.ts";

Deno.test("who listens for a method that no server offers is told, and which one is near", () => {
  const servers = [
    instanceAt(1, { methods: ["fib", "pi"] }),
    instanceAt(2, { methods: ["img.size"] }),
  ];
  assert.deepEqual(unofferedTexts(["fib", "fob", "img.*", "im*", "rpc.stats"], servers), [
    'No method "fob": did you mean fib?',
  ]);
  assert.deepEqual(unofferedTexts(["resize"], servers), [
    'No method "resize" (no server offers it yet: rpc methods lists all)',
  ]);
  // A server that does not say what it offers may offer it.
  assert.deepEqual(unofferedTexts(["resize"], [...servers, instanceAt(3, { methods: [] })]), []);
  assert.deepEqual(unofferedTexts([], servers), []);
});
