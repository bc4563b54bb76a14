import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import type { ProcedureKind } from "../../../src/procedures/procedure.ts";
import type { Params } from "../../../src/wire/message.ts";
import type { TaskHandle } from "../../../src/workers/pool/task.ts";
import type { TaskOutcome } from "../../../src/workers/pool/task.ts";
import { slowClock } from "../../support/slow_clock.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type PoolHarness, withPool } from "../fixtures/harness.ts";

/** A stream under way, and what it came to. */
interface Stream {
  readonly items: unknown[];
  readonly handle: TaskHandle;
  readonly outcome: Promise<TaskOutcome>;
}

function stream(
  { pool }: PoolHarness,
  method: string,
  params: Params,
  options: { credit?: number; timeoutMs?: number; kind?: ProcedureKind; clock?: Clock } = {},
): Stream {
  const { clock = systemClock } = options;
  const items: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<TaskOutcome>();
  const handle = pool.submit({
    method,
    kind: options.kind ?? "cpu",
    params,
    deadlineAtMs: clock.now() + (options.timeoutMs ?? 120_000),
    done: resolve,
    stream: { credit: options.credit ?? 1_000, items: (some) => void items.push(...some) },
  });
  return { items, handle, outcome: promise };
}

async function errorOf({ outcome }: Stream): Promise<[string, string]> {
  const ended = await outcome;
  assert.ok("error" in ended, JSON.stringify(ended));
  return [ended.error.name, ended.error.executed];
}

/**
 * Gives a cancelled stream twenty seconds for what it has to do in half a second: the worker of a
 * busy machine may need more than that.
 */
const slowness = 40;
const clock = slowClock(slowness);

const kinds = [["count", "cpu"], ["countIo", "io"]] as const;

Deno.test("a stream's items come in order, and then its end", async () => {
  await withPool({}, async (harness) => {
    for (const [method, kind] of kinds) {
      const { items, outcome } = stream(harness, method, [5], { kind });
      assert.deepEqual(await outcome, { result: 5 });
      assert.deepEqual(items, [1, 2, 3, 4, 5]);
    }
    const { items, outcome } = stream(harness, "countSync", [3]);
    await outcome;
    assert.deepEqual(items, [1, 2, 3]);
  });
});

Deno.test("an item reaches the parent before the next one is made", async () => {
  await withPool({}, async (harness) => {
    // The second item never comes: it spins.
    const { items, handle } = stream(harness, "stuck", []);
    await waitFor("the first item", () => items.length === 1);
    handle.cancel();
  });
});

Deno.test("P-57: a generator is not resumed without credit", async () => {
  await withPool({}, async (harness) => {
    for (const [method, kind] of kinds) {
      const { items, handle, outcome } = stream(harness, method, [3], { credit: 2, kind });
      await waitFor("two items", () => items.length === 2);
      // Whatever it would do without credit it has done when this is answered.
      await harness.call("wait", [50], { kind: "io" });
      assert.deepEqual(items, [1, 2]);
      assert.deepEqual(harness.printed().filter((line) => line.startsWith(method)), []);
      handle.more(1);
      await waitFor("the third item", () => items.length === 3);
      handle.more(1);
      assert.deepEqual(await outcome, { result: 3 });
    }
  });
});

Deno.test("a caller who asked for no stream is given all items as one array", async () => {
  await withPool({}, async (harness) => {
    assert.deepEqual(await harness.call("count", [4]), [1, 2, 3, 4]);
    assert.deepEqual(await harness.call("countIo", [4], { kind: "io" }), [1, 2, 3, 4]);
    assert.deepEqual(await harness.call("count", [0]), []);
  });
});

Deno.test("P-59: items that are too much for one array are an error that says so", async () => {
  await withPool({}, async (harness) => {
    const error = await harness.failure("largeItems", [1_000, 10_000]);
    assert.deepEqual([error.name, error.executed], ["InternalError", "yes"]);
    assert.match(error.message, /4194304 bytes \(rpc serve --message-max, .* Call it as a stream/);
    const { items, outcome } = stream(harness, "largeItems", [200, 10_000]);
    assert.deepEqual(await outcome, { result: 200 });
    assert.equal(items.length, 200);
  });
});

Deno.test("P-60: a cancelled stream runs its finally, and the worker lives", async () => {
  await withPool({ clock }, async (harness) => {
    const pid = await harness.call("pid");
    for (const [method, kind] of kinds) {
      const running = stream(harness, method, [1_000_000, 1], { kind, clock });
      await waitFor("an item", () => running.items.length > 0);
      running.handle.cancel();
      assert.deepEqual(await errorOf(running), ["Cancelled", "maybe"]);
      await waitFor(
        "its finally",
        () => harness.printed().some((line) => line.startsWith(`${method} stopped after`)),
      );
    }
    assert.equal(await harness.call("pid"), pid);
  });
});

Deno.test("a stream that waits for credit is cancelled too, and so is one that never waits", async () => {
  await withPool({ clock }, async (harness) => {
    const pid = await harness.call("pid");
    const starved = stream(harness, "count", [10], { credit: 1, clock });
    await waitFor("its item", () => starved.items.length === 1);
    starved.handle.cancel();
    await waitFor("its finally", () => harness.printed().includes("count stopped after 1"));
    const endless = stream(harness, "endless", [], { credit: 65_536, clock });
    await waitFor("its items", () => endless.items.length > 10);
    endless.handle.cancel();
    assert.deepEqual(await errorOf(endless), ["Cancelled", "maybe"]);
    assert.equal(await harness.call("pid"), pid);
  });
});

Deno.test("a stream that does not stop loses its worker after the grace, and nobody else waits", async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("pid");
    const stuck = stream(harness, "stuck", []);
    await waitFor("its item", () => stuck.items.length === 1);
    stuck.handle.cancel();
    assert.deepEqual(await errorOf(stuck), ["Cancelled", "maybe"]);
    assert.notEqual(await harness.call("pid"), pid);
  });
});

Deno.test("P-60: the deadline is over the whole stream", async () => {
  await withPool({ clock }, async (harness) => {
    const pid = await harness.call("pid");
    for (const [method, kind] of kinds) {
      let items = 0;
      // On a busy machine none may come in time.
      for (let timeoutMs = 1_000; items === 0 && timeoutMs < 60_000; timeoutMs *= 4) {
        const slow = stream(harness, method, [1_000_000, 10], {
          timeoutMs: timeoutMs / slowness,
          kind,
          clock,
        });
        assert.deepEqual(await errorOf(slow), ["DeadlineExceeded", "maybe"]);
        items = slow.items.length;
      }
      assert.ok(items > 0);
      await waitFor(
        "its finally",
        () => harness.printed().some((line) => line.startsWith(`${method} stopped after`)),
      );
    }
    assert.equal(await harness.call("pid"), pid);
  });
  const still = new VirtualClock();
  await withPool({ clock: still }, async (harness) => {
    const pid = await harness.call("pid");
    const stuck = stream(harness, "stuck", [], { timeoutMs: 300, clock: still });
    await waitFor("its item", () => stuck.items.length === 1);
    still.advance(300);
    assert.deepEqual(await errorOf(stuck), ["DeadlineExceeded", "maybe"]);
    // What it may take to end by itself.
    still.advance(500);
    assert.notEqual(await harness.call("pid"), pid);
  });
});

Deno.test("items are checked, and what a generator throws is a typed error after its items", async () => {
  await withPool({}, async (harness) => {
    const wrong = stream(harness, "wrongItem", []);
    assert.deepEqual(await errorOf(wrong), ["InternalError", "yes"]);
    assert.deepEqual(wrong.items, ["right"]);
    await waitFor("its finally", () => harness.printed().includes("wrongItem stopped"));
    const breaks = stream(harness, "breaks", []);
    assert.deepEqual(await errorOf(breaks), ["InternalError", "yes"]);
    assert.deepEqual(breaks.items, [1]);
    const misused = stream(harness, "count", ["many"]);
    assert.deepEqual(await errorOf(misused), ["InvalidParams", "no"]);
    const large = stream(harness, "largeItems", [1, 5_000_000]);
    assert.deepEqual(await errorOf(large), ["InternalError", "yes"]);
  });
});

Deno.test("a worker that dies under a stream costs that stream, maybe executed", async () => {
  await withPool({}, async (harness) => {
    const pid = Number(await harness.call("pid"));
    const running = stream(harness, "count", [1_000_000, 1]);
    await waitFor("an item", () => running.items.length > 0);
    Deno.kill(pid, "SIGKILL");
    assert.deepEqual(await errorOf(running), ["WorkerLost", "maybe"]);
  });
});

Deno.test("a worker that sends more than was granted breaks the protocol, and is replaced", async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("pid");
    const greedy = stream(harness, "greedy", [], { credit: 1 });
    assert.deepEqual(await errorOf(greedy), ["WorkerLost", "maybe"]);
    assert.equal(greedy.items.length, 1);
    assert.notEqual(await harness.call("pid"), pid);
  });
});

Deno.test("a stream that waits for its caller holds up no other call while a worker is free", async () => {
  await withPool({ size: 2 }, async (harness) => {
    // Short calls first, so that the pool knows them for short.
    for (let i = 0; i < 50; i++) await harness.call("fib", [5]);
    const starved = stream(harness, "count", [10], { credit: 1 });
    await waitFor("its item", () => starved.items.length === 1);
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 40 }, () => harness.call("fib", [5]));
      assert.deepEqual(await Promise.all(calls), calls.map(() => 5));
    }
    assert.equal(harness.pool.stats().restarts, 0);
    starved.handle.more(20);
    assert.deepEqual(await starved.outcome, { result: 10 });
  });
});

Deno.test("short calls sent ahead together with a stream are taken back from behind it", async () => {
  await withPool({ size: 2 }, async (harness) => {
    for (let i = 0; i < 50; i++) await harness.call("fib", [5]);
    const early = Array.from({ length: 30 }, () => harness.call("fib", [5]));
    const starved = stream(harness, "count", [10], { credit: 1 });
    const late = Array.from({ length: 30 }, () => harness.call("fib", [5]));
    assert.deepEqual(await Promise.all([...early, ...late]), [...early, ...late].map(() => 5));
    starved.handle.more(20);
    assert.deepEqual(await starved.outcome, { result: 10 });
  });
});
