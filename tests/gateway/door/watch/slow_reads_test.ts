import assert from "node:assert/strict";
import { SlowReads } from "../../../../src/gateway/door/watch/slow_reads.ts";
import { watchLooksMax, watchSlowBytesPerMs } from "../../../../src/gateway/limits.ts";

const bytesMax = 100_000_000;
const usedMs = 2;
const slow = usedMs * watchSlowBytesPerMs;

/** Whom each look finds, where so much was read of `a` and of `b` since the one before. */
function found(steps: readonly (readonly [a: number, b: number])[]) {
  const reads = new SlowReads(bytesMax);
  // What was read before does not count.
  let [a, b] = [10 * bytesMax, 0];
  const at = () => new Map([["a", a], ["b", b]]);
  assert.equal(reads.look(0, at()), undefined);
  return steps.map(([more, less]) => {
    [a, b] = [a + more, b + less];
    const peer = reads.look(usedMs, at());
    if (peer !== undefined) reads.forget(peer);
    return peer;
  });
}

const before = Array.from({ length: watchLooksMax - 1 }, () => undefined);

Deno.test("who is read slowly at several looks is found, whatever lies between", () => {
  const looks = Array.from({ length: watchLooksMax }, () => [1, 0] as const);
  assert.deepEqual(found(looks), [...before, "a"]);
  const [first, ...others] = looks;
  const between = [[0, 0], [slow, slow], [slow + 1, 0]] as const;
  const expected = [...between.map(() => undefined), ...before, "a"];
  assert.deepEqual(found([first!, ...between, ...others]), expected);
  // The other one, too, as soon as the first is gone.
  assert.deepEqual(found([...looks, ...looks.map(() => [0, slow] as const)]).at(-1), "b");
});

Deno.test("of those that are read slowly in turns each is found, who is read most first", () => {
  const both = Array.from({ length: 2 * watchLooksMax }, () => [3, 3] as const);
  assert.deepEqual(found([...both, [0, 0]]).slice(-3).toSorted(), ["a", "b", undefined]);
  const unlike = found(Array.from({ length: 4 * watchLooksMax }, () => [1, 3] as const));
  assert.equal(unlike.find((peer) => peer !== undefined), "b");
});

Deno.test("who is read quickly, or beside others that are, is not found, and nobody is if none is", () => {
  const quick = Array.from({ length: 2 * watchLooksMax }, () => [slow + 1, 0] as const);
  const both = quick.map(() => [1, slow] as const);
  const none = quick.map(() => [0, 0] as const);
  for (const steps of [quick, both, none]) {
    assert.deepEqual(new Set(found(steps)), new Set([undefined]));
  }
});

Deno.test("of nobody more is read than may be without a turn, however quickly", () => {
  assert.deepEqual(found([[bytesMax - 1, bytesMax - 1], [0, 1]]), [undefined, "b"]);
});

Deno.test("a connection that has come since the last look counts from its begin", () => {
  const reads = new SlowReads(bytesMax);
  reads.look(0, new Map());
  const looks = [...before, undefined].map((_, i) => reads.look(usedMs, new Map([["c", i + 1]])));
  assert.deepEqual(looks, [...before, "c"]);
});
