import assert from "node:assert/strict";
import { SoleReads } from "../../../../src/gateway/door/watch/sole_reads.ts";
import { watchLooksMax, watchSlowBytesPerMs } from "../../../../src/gateway/limits.ts";

const bytesMax = 100_000_000;
const usedMs = 2;
const slow = usedMs * watchSlowBytesPerMs;

/** Whom each look finds, where so much was read of 7 and of 8 since the one before. */
function found(steps: readonly (readonly [seven: number, eight: number])[]) {
  const reads = new SoleReads(bytesMax);
  // What was read before does not count.
  let [seven, eight] = [10 * bytesMax, 0];
  assert.equal(reads.look(0, new Map([[7, seven], [8, eight]])), undefined);
  return steps.map(([more, less]) => {
    [seven, eight] = [seven + more, eight + less];
    return reads.look(usedMs, new Map([[7, seven], [8, eight]]));
  });
}

const before = Array.from({ length: watchLooksMax - 1 }, () => undefined);

Deno.test("who alone is read slowly at several looks is found, whatever lies between", () => {
  const looks = Array.from({ length: watchLooksMax }, () => [1, 0] as const);
  assert.deepEqual(found(looks), [...before, 7]);
  const [first, ...others] = looks;
  const between = [[0, 0], [0, 1], [1, 1], [slow + 1, 0]] as const;
  assert.deepEqual(found([first!, ...between, ...others]), [
    ...between.map(() => undefined),
    ...[...before, 7],
  ]);
});

Deno.test("who is read quickly, or with others, is not found", () => {
  const quick = Array.from({ length: 2 * watchLooksMax }, () => [slow + 1, 0] as const);
  const both = quick.map(() => [1, 1] as const);
  const none = quick.map(() => [0, 0] as const);
  for (const steps of [quick, both, none]) {
    assert.deepEqual(new Set(found(steps)), new Set([undefined]));
  }
});

Deno.test("of nobody more is read than may be without a turn, however quickly", () => {
  assert.deepEqual(found([[bytesMax, bytesMax], [0, 1]]), [undefined, 8]);
});

Deno.test("a connection that has come since the last look counts from its begin", () => {
  const reads = new SoleReads(bytesMax);
  reads.look(0, new Map());
  const looks = [...before, undefined].map((_, i) => reads.look(usedMs, new Map([[9, i + 1]])));
  assert.deepEqual(looks, [...before, 9]);
});
