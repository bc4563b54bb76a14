import assert from "node:assert/strict";
import { briefClock } from "../../../src/cli/call/brief_clock.ts";

// Its timers keep no process alive: a timer of another kind does that here.
async function alive(test: () => Promise<void>): Promise<void> {
  const id = setTimeout(() => {}, 20_000);
  try {
    await test();
  } finally {
    clearTimeout(id);
  }
}

const after = (delayMs: number) =>
  new Promise<void>((resolve) => briefClock.after(delayMs, resolve));

Deno.test("briefClock.after() calls back once, and not before its time", () =>
  alive(async () => {
    for (const delayMs of [0, 0.4, 3, 12]) {
      const startedAtMs = briefClock.now();
      await after(delayMs);
      assert.ok(briefClock.now() - startedAtMs >= delayMs, `${delayMs}`);
    }
  }));

Deno.test("briefClock: what was cancelled is not called, neither once nor again", () =>
  alive(async () => {
    let calls = 0;
    briefClock.after(2, () => calls++).cancel();
    const repeated = briefClock.every(1, () => {
      if (++calls === 3) repeated.cancel();
    });
    await after(60);
    while (calls < 3) await after(5);
    await after(20);
    assert.equal(calls, 3);
  }));

Deno.test("briefClock.after() of what is due at once sets no timer, and waits for its caller", async () => {
  const told: string[] = [];
  const { waitAsync } = Atomics;
  Atomics.waitAsync = () => assert.fail("a timer");
  try {
    briefClock.after(0, () => told.push("cancelled")).cancel();
    const rung = after(0).then(() => told.push("rung"));
    told.push("set");
    await rung;
  } finally {
    Atomics.waitAsync = waitAsync;
  }
  assert.deepEqual(told, ["set", "rung"]);
});

Deno.test("briefClock: nothing is left of a timer that was cancelled", () => {
  const { waitAsync } = Atomics;
  const cells: Int32Array[] = [];
  Atomics.waitAsync = ((cell: Int32Array<SharedArrayBuffer>, ...rest: [number, number, number]) => {
    cells.push(cell);
    return waitAsync(cell, ...rest);
  }) as typeof waitAsync;
  try {
    briefClock.after(60_000, () => assert.fail("it was cancelled")).cancel();
  } finally {
    Atomics.waitAsync = waitAsync;
  }
  assert.deepEqual(cells.map((cell) => Atomics.notify(cell, 0)), [0]);
});
