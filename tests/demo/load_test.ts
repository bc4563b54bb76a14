import assert from "node:assert/strict";
import { loadDuring } from "../../src/demo/load.ts";

/** The system's average after so many processes wanted to run for so long. */
function averageAfter(before: number, processes: number, elapsedMs: number): number {
  let average = before;
  for (let ms = 0; ms < elapsedMs; ms += 1_000) {
    average += (processes - average) * (1 - Math.exp(-1 / 60));
  }
  return average;
}

Deno.test("what others began as the demo began counts at once, and what had ended before does not", () => {
  for (const [before, processes] of [[0, 8], [8, 0], [3, 3], [0, 0]] as const) {
    for (const elapsedMs of [10_000, 30_000, 300_000]) {
      const after = averageAfter(before, processes, elapsedMs);
      const load = loadDuring(before, after, elapsedMs);
      assert.ok(Math.abs(load - processes) < 1e-6, `${load} of ${processes}`);
    }
  }
  assert.equal(loadDuring(2, 3, 0), 3);
});
