import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { tapEventsMax, tapLookCalls } from "../../../src/server/limits.ts";
import { type HeardCall, Tap } from "../../../src/server/tap/tap.ts";
import type { TapItem, TapParams } from "../../../src/wire/reports/tap.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const startedAtMs = 1_000;

/** A clock that counts how often it is asked. */
class CountingClock extends VirtualClock {
  looks = 0;

  override now(): number {
    this.looks++;
    return super.now();
  }
}

function start(params: TapParams, credit = 1_000) {
  const clock = new CountingClock(startedAtMs);
  const told: TapItem[] = [];
  const over: string[] = [];
  const tap = new Tap({
    params,
    sink: { credit, items: (items) => told.push(...items as TapItem[]) },
    deadlineAtMs: startedAtMs + 60_000,
    clock,
    ended: (error) => over.push(error.name),
  });
  clock.looks = 0;
  return { clock, told, tap, over, held: new Set<HeardCall>() };
}

type Started = ReturnType<typeof start>;

/** The end of a call that was read so long ago. */
function ended({ tap, held }: Started, ageMs: number, error?: RpcError): void {
  const call: HeardCall = {
    caller: undefined,
    from: "127.0.0.1:1",
    method: "m",
    readAtMs: startedAtMs - ageMs,
    error,
    briefParams: () => `[${ageMs}]`,
    hold: () => held.add(call),
    letGo: () => held.delete(call),
  };
  if (tap.wants(call.method)) tap.hear(call);
}

function shown({ told }: Started): unknown[] {
  return told.map((item) => "method" in item ? item.params : item);
}

Deno.test("many quick calls cost who listens to slow ones few looks at the clock", async () => {
  const started = start({ slowMs: 100 });
  for (let i = 0; i < 10 * tapLookCalls; i++) ended(started, 1);
  assert.ok(started.clock.looks <= 10, `${started.clock.looks} looks`);
  await Promise.resolve();
  assert.equal(started.held.size, 0);
  assert.deepEqual(started.told, []);
});

Deno.test("calls that failed and are too many to be told cost no look at the clock", () => {
  const started = start({ failed: true });
  const error = new RpcError("InternalError", "no luck");
  for (let i = 0; i < 10 * tapEventsMax; i++) ended(started, 1, error);
  assert.equal(started.told.length, tapEventsMax);
  assert.equal(started.clock.looks, tapEventsMax);
});

Deno.test("of calls that end together those that took long enough are told", async () => {
  const started = start({ slowMs: 100 });
  for (const ageMs of [99, 100, 3, 250]) ended(started, ageMs);
  await Promise.resolve();
  assert.deepEqual(shown(started), ["[100]", "[250]"]);
  assert.equal(started.held.size, 0);
});

Deno.test("calls that have ended are told before it ends itself", () => {
  const started = start({ slowMs: 100 });
  ended(started, 150);
  started.tap.cancel();
  assert.deepEqual(shown(started), ["[150]"]);
  assert.equal(started.held.size, 0);
});

Deno.test("slow calls beyond those that are told are counted, at their end too", async () => {
  const started = start({ slowMs: 100, counts: true });
  for (let i = 0; i < tapEventsMax + 5; i++) ended(started, 150);
  await Promise.resolve();
  started.clock.advance(1_000);
  assert.equal(started.told.length, tapEventsMax + 1);
  assert.deepEqual(shown(started).at(-1), { missed: 5 });
});

Deno.test("only procedures that were asked for are heard, and only calls that failed, if these were", () => {
  const named = start({ methods: ["fib", "report.*"] });
  assert.deepEqual(
    ["fib", "fibs", "report.day", "ping"].map((method) => named.tap.wants(method)),
    [true, false, true, false],
  );
  const failed = start({ failed: true });
  ended(failed, 1);
  ended(failed, 2.00049, new RpcError("Overloaded", "Full"));
  assert.deepEqual(failed.told.map((item) => "method" in item && [item.outcome, item.ms]), [
    ["Overloaded", 2],
  ]);
});

Deno.test("calls past what its listener has room for are counted, and told with the next one or alone", () => {
  const started = start({ counts: true }, 2);
  for (let i = 1; i <= 5; i++) ended(started, i);
  assert.deepEqual(shown(started), ["[1]", "[2]"]);
  started.clock.advance(2_000);
  assert.equal(started.told.length, 2, "there is no room for their number either");
  started.tap.more(1);
  ended(started, 6);
  assert.deepEqual([shown(started).at(-1), started.told.at(-1)?.missed], ["[6]", 3]);
  ended(started, 7);
  started.tap.more(5);
  started.clock.advance(2_000);
  assert.deepEqual(shown(started).slice(3), [{ missed: 1 }]);
});

Deno.test("it ends at its deadline, once, and what comes later is not heard", async () => {
  for (const params of [{}, { slowMs: 100 }]) {
    const started = start(params);
    started.clock.advance(59_999);
    assert.deepEqual(started.over, []);
    started.clock.advance(1);
    started.tap.cancel();
    ended(started, 200);
    await Promise.resolve();
    assert.deepEqual([started.over, started.told], [["DeadlineExceeded"], []]);
    assert.equal(started.clock.pendingTimers, 0);
  }
  const again = start({ slowMs: 100 });
  for (const ageMs of [150, 160]) {
    ended(again, ageMs);
    await Promise.resolve();
  }
  assert.deepEqual(shown(again), ["[150]", "[160]"], "each turn is judged");
});
