import assert from "node:assert/strict";
import { Lingering } from "../../../src/gateway/door/lingering.ts";
import {
  gatewayLingerGapMs,
  gatewayLingerMs,
  gatewayLingersMax,
} from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** Some that are kept, and the numbers of those that were let go. */
function kept(count: number) {
  const clock = new VirtualClock();
  const lingering = new Lingering(clock);
  const letGo: number[] = [];
  const ends = Array.from({ length: count }, (_, n) => lingering.add(() => letGo.push(n)));
  return { clock, lingering, letGo, ends };
}

Deno.test("a connection is let go once: when its time is over, when it is told to, or with all", () => {
  const { clock, lingering, letGo, ends } = kept(3);
  ends[1]?.();
  ends[1]?.();
  assert.deepEqual(letGo, [1]);
  clock.advance(gatewayLingerMs - 1);
  lingering.add(() => letGo.push(3));
  assert.deepEqual(letGo, [1]);
  clock.advance(1);
  assert.deepEqual(letGo, [1, 0]);
  clock.advance(2 * gatewayLingerGapMs);
  assert.deepEqual(letGo, [1, 0, 2]);
  lingering.end();
  assert.deepEqual(letGo, [1, 0, 2, 3]);
  assert.deepEqual([clock.pendingTimers, lingering.size], [0, 0]);
});

Deno.test("many that were ended together are let go one after the other", () => {
  const { clock, letGo } = kept(100);
  clock.advance(gatewayLingerMs);
  assert.deepEqual(letGo, [0]);
  clock.advance(gatewayLingerGapMs * 9);
  assert.equal(letGo.length, 10);
  clock.advance(gatewayLingerGapMs * 90);
  assert.equal(letGo.length, 100);
});

Deno.test("of too many the one that was kept for longest is let go", () => {
  const { lingering, letGo } = kept(gatewayLingersMax + 2);
  assert.deepEqual(letGo, [0, 1]);
  assert.equal(lingering.size, gatewayLingersMax);
});
