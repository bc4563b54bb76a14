/** The bare loop: `fib` by the very same function, with no server around it. */

import { builtin } from "../../src/procedures/builtin.ts";

const { n, warmupMs, durationMs } = JSON.parse(Deno.args[0] ?? "");
const { fib } = builtin;
if (fib === undefined) throw new Error("There is no procedure fib");
const context = { signal: new AbortController().signal };

computeFor(warmupMs);
console.log(JSON.stringify({ ...computeFor(durationMs), p50Ms: 0, p99Ms: 0 }));

function computeFor(durationMs: number): { calls: number; seconds: number } {
  const startedAtMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    void fib?.handler([n], context);
    calls++;
    elapsedMs = performance.now() - startedAtMs;
  }
  return { calls, seconds: elapsedMs / 1_000 };
}
