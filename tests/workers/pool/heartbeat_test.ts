import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock, type Timer } from "../../../src/base/clock.ts";
import {
  heartbeatEveryMs,
  heldUpMaxMs,
  heldUpUsedMs,
  pongTimeoutMs,
  unwantedSilentMaxMs,
} from "../../../src/workers/limits.ts";
import type { WorkerPoolOptions } from "../../../src/workers/pool/pool.ts";
import { Heartbeat } from "../../../src/workers/pool/heartbeat.ts";
import { pythonCommand } from "../../../src/workers/python/python_command.ts";
import type { WorkerCommand } from "../../../src/workers/process/worker_command.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type PoolHarness, withPool, workerCommand } from "../fixtures/harness.ts";
import { notLinux, onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const python = pythonCommand(fileURLToPath(new URL("../fixtures/idle.py", import.meta.url)));

/** Somebody else's program: it describes itself, and then goes its way. */
function foreign(then: string): WorkerCommand {
  const document = {
    openrpc: "1.3.2",
    info: { title: "foreign", version: "1" },
    methods: [{ name: "anything", params: [] }],
  };
  const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, result: document });
  const script = `read -r line; printf '%s\\n' '${answer}'; ${then}`;
  return { program: "/bin/sh", args: ["-c", script], isForeign: true };
}

const speed = 4;

/** Looks at the workers that have come, by their timer. One that was cancelled is left out. */
const looksOf = new Map<Timer, number>();

/** The machine's clock, but that all that is waited for comes sooner. */
const hasty: Clock = {
  now: () => systemClock.now() * speed,
  wallTimeMs: () => systemClock.wallTimeMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs / speed, callback, options),
  every(periodMs, callback) {
    const timer = systemClock.every(periodMs / speed, () => {
      callback();
      if (looksOf.has(counted)) looksOf.set(counted, (looksOf.get(counted) ?? 0) + 1);
    });
    const counted: Timer = {
      cancel() {
        looksOf.delete(counted);
        timer.cancel();
      },
    };
    if (periodMs === heartbeatEveryMs) looksOf.set(counted, 0);
    return counted;
  },
};

function withHastyPool(
  options: Partial<WorkerPoolOptions>,
  test: (harness: PoolHarness) => Promise<void>,
): Promise<void> {
  return withPool({ clock: hasty, spawnTimeoutMs: 120_000, ...options }, test);
}

/** Resolves when each worker has been looked at so often from now on. */
function looks(count: number): Promise<unknown> {
  const before = new Map(looksOf);
  return waitFor(`${count} looks at each worker`, () => {
    return [...looksOf].every(([timer, looks]) => looks >= (before.get(timer) ?? 0) + count);
  });
}

function replaced(harness: PoolHarness, workers = 1): Promise<unknown> {
  return waitFor("the replacement", () => harness.pool.stats().restarts >= workers);
}

const languages: readonly [string, WorkerCommand][] = [
  ["TypeScript", workerCommand()],
  ["Python", python],
];

for (const [language, command] of languages) {
  Deno.test({
    ...skippedIf(
      onWindows,
      `idle workers that were stopped are replaced before a call comes (${language})`,
    ),
  }, async () => {
    await withHastyPool({ command }, async (harness) => {
      Deno.kill(await harness.call("pid") as number, "SIGSTOP");
      Deno.kill(await harness.call("wait", [1], { kind: "io" }) as number, "SIGSTOP");
      await replaced(harness, 2);
    });
  });

  Deno.test({
    ...skippedIf(
      onWindows,
      `idle workers that closed what they read from are replaced before a call comes (${language})`,
    ),
  }, async () => {
    await withHastyPool({ command }, async (harness) => {
      // One that looks for the next request just then ends before it answers.
      await harness.submit("deafen").outcome;
      await harness.submit("deafenIo", [], { kind: "io" }).outcome;
      await replaced(harness, 2);
    });
  });
}

Deno.test({
  ...skippedIf(notLinux, "an idle worker of somebody else's that closed its stdin is replaced"),
}, async () => {
  const command = foreign("exec sleep 60 </dev/null");
  await withHastyPool({ command }, async (harness) => {
    await replaced(harness);
  });
});

Deno.test({
  ...skippedIf(
    notLinux,
    "an idle worker of somebody else's that reads on, itself or by a child, is left alone",
  ),
}, async () => {
  for (
    const then of ["while read -r line; do :; done", "exec 3<&0 </dev/null; cat <&3 >&2 & wait"]
  ) {
    await withHastyPool({ command: foreign(then) }, async (harness) => {
      await looks(2);
      assert.equal(harness.pool.stats().restarts, 0);
    });
  }
});

Deno.test({
  ...skippedIf(
    onWindows,
    "of the calls to a stopped io worker those that come later go elsewhere, and end",
  ),
}, async () => {
  await withHastyPool({ size: 2 }, async (harness) => {
    const stopped = await harness.call("wait", [1], { kind: "io" }) as number;
    Deno.kill(stopped, "SIGSTOP");
    const first = harness.submit("wait", [1], { kind: "io" });
    // It is asked at the first look that finds it silent: the second, as it may have answered.
    await looks(2);
    const later = Array.from({ length: 20 }, () => harness.call("wait", [1], { kind: "io" }));
    for (const pid of await Promise.all(later)) assert.notEqual(pid, stopped);
    first.handle.cancel();
    await first.outcome;
    await replaced(harness);
  });
});

Deno.test("a call may hold its io worker for as long as it has time, and no longer", () => {
  const clock = new VirtualClock();
  const silent: string[] = [];
  const heartbeat = new Heartbeat({
    process: {
      owed: { load: 1, total: 1, readingMs: 0 },
      ...{ isForeign: false, readsOfOutput: 0, hasPonged: true },
      ping: () => {},
      endIfDeaf: () => {},
    },
    ...{ inOrder: false, clock, processorTime: () => undefined, isWanted: () => true },
    alive: () => assert.fail("it never answers"),
    silent: (because) => silent.push(because),
  });
  clock.advance(60_000);
  assert.deepEqual([heartbeat.isAwaited, silent], [true, []]);
  heartbeat.ask();
  assert.equal(silent.length, 1);
  heartbeat.stop();
});

Deno.test("an idle worker that does not answer is killed soon if calls wait for it, and else later", () => {
  const killedAfterMs = (isWanted: () => boolean) => {
    const clock = new VirtualClock();
    const heartbeat = new Heartbeat({
      process: {
        owed: { load: 0, total: 0, readingMs: 0 },
        ...{ isForeign: false, readsOfOutput: 0, hasPonged: true },
        ping: () => {},
        endIfDeaf: () => {},
      },
      ...{ inOrder: true, clock, processorTime: () => undefined, isWanted },
      alive: () => assert.fail("it never answers"),
      silent: () => heartbeat.stop(),
    });
    clock.advance(2 * heartbeatEveryMs);
    const askedAtMs = clock.now();
    while (heartbeat.isAwaited) clock.advance(pongTimeoutMs / 2);
    return clock.now() - askedAtMs;
  };
  assert.equal(killedAfterMs(() => true), pongTimeoutMs);
  assert.equal(killedAfterMs(() => false), unwantedSilentMaxMs);
  let asked = 0;
  assert.equal(killedAfterMs(() => ++asked > 2), pongTimeoutMs * 2);
});

Deno.test("a worker that waits for a core is not killed for that, be it wanted or overdue", () => {
  const killedAfterMs = (usedMs: (elapsedMs: number) => number, isStopped = false) => {
    const clock = new VirtualClock();
    let askedAtMs = Infinity;
    const heartbeat = new Heartbeat({
      process: {
        owed: { load: 1, total: 1, readingMs: 0 },
        ...{ isForeign: false, readsOfOutput: 0, hasPonged: true },
        ping: () => askedAtMs = clock.now(),
        endIfDeaf: () => {},
      },
      ...{ inOrder: false, clock, isWanted: () => true },
      processorTime: () => ({
        usedMs: 7_000 + usedMs(clock.now() - askedAtMs),
        isWanted: !isStopped,
      }),
      alive: () => assert.fail("it never answers"),
      silent: () => heartbeat.stop(),
    });
    clock.advance(heartbeatEveryMs);
    heartbeat.ask();
    while (heartbeat.isAwaited) clock.advance(pongTimeoutMs / 2);
    return clock.now() - askedAtMs;
  };
  // One that spins on a core of its own, one that has a fiftieth of a core, and one that has none.
  assert.equal(killedAfterMs((ms) => ms), pongTimeoutMs);
  assert.equal(killedAfterMs((ms) => ms / 50), pongTimeoutMs / 2 + 50 * heldUpUsedMs);
  assert.equal(killedAfterMs(() => 0), heldUpMaxMs);
  assert.equal(killedAfterMs(() => 0, true), pongTimeoutMs);
});
