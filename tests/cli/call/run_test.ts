import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import type { Client } from "../../../src/client/client.ts";
import { CallStream } from "../../../src/client/call_stream.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { FailedLines } from "../../../src/cli/call/input/failed_lines.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import { type CallFlags, callFlags } from "../../../src/cli/call/flags.ts";
import { NumberedJobs } from "../../../src/cli/call/numbered_jobs.ts";
import { CallRun } from "../../../src/cli/call/run.ts";

function flagsOf(more: Partial<CallFlags>): CallFlags {
  const fallbacks = Object.entries(callFlags).map(([key, { fallback }]) => [key, fallback]);
  return { ...Object.fromEntries(fallbacks), quiet: true, ...more } as CallFlags;
}

function report(result: unknown): CallReport {
  return { result, error: undefined, server: "a:1", attempts: 1, durationMs: 1 };
}

/** A run against a client that answers as a test says. */
function newRun(
  flags: CallFlags,
  stream: Client["stream"],
  more: {
    signal?: AbortSignal;
    textOf?: (result: unknown) => string;
    failedLines?: FailedLines;
    begunAtMs?: number;
  } = {},
): CallRun {
  const client = {
    stream,
    report: (method: string, params: unknown[]) => stream(method, params).report,
  };
  return new CallRun({
    client: client as unknown as Client,
    method: "any",
    flags,
    source: new NumberedJobs({
      repeat: flags.repeat,
      durationMs: undefined,
      rate: undefined,
      paramsOf: (i) => [i],
      clock: systemClock,
    }),
    failedLines: more.failedLines,
    summary: undefined,
    record: undefined,
    newProgress: undefined,
    signal: more.signal ?? new AbortController().signal,
    begunAtMs: more.begunAtMs,
    textOf: more.textOf ?? JSON.stringify,
  });
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

Deno.test("a call that was begun without a client has no more time with one", async () => {
  const told: unknown[] = [];
  const run = newRun(
    flagsOf({ quiet: true, repeat: 1, concurrency: 1 }),
    (_method, _params, options) => {
      told.push(options?.begunAtMs);
      const stream = new CallStream(64, () => {});
      queueMicrotask(() => stream.ended(report("done")));
      return stream;
    },
    { begunAtMs: 17 },
  );
  await run.run();
  assert.deepEqual(told, [17]);
});

Deno.test("results behind a slow call are bounded with --repeat too: no others begin", async () => {
  let begun = 0;
  const large = "x".repeat(1_000_000);
  const run = newRun(
    flagsOf({ quiet: false, repeat: 1_000, concurrency: 8 }),
    () => {
      const stream = new CallStream(64, () => {});
      // The first never ends.
      if (++begun > 1) queueMicrotask(() => stream.ended(report("large")));
      return stream;
    },
    { textOf: () => large },
  );
  void run.run();
  await turns(50_000);
  assert.ok(begun > 8 && begun < 50, `${begun} calls begun behind one that runs`);
});

Deno.test("a stream that waits for its turn leaves nothing behind at Ctrl-C's signal", async () => {
  const abort = new AbortController();
  let listeners = 0;
  const add = abort.signal.addEventListener.bind(abort.signal);
  abort.signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  const run = newRun(flagsOf({ repeat: 2_000, concurrency: 50 }), () => {
    const stream = new CallStream(64, () => {});
    queueMicrotask(() => {
      stream.items(["one"], 5);
      queueMicrotask(() => stream.ended(report(undefined)));
    });
    return stream;
  }, { signal: abort.signal });
  const { done, failed } = await run.run();
  assert.deepEqual([done, failed], [2_000, 0]);
  assert.ok(listeners < 10, `${listeners} listeners`);
});

/** How lines end of which only the third runs: the others are told that no server offers it. */
async function stoppedRun(failedLines?: FailedLines) {
  const { promise: isRefused, resolve: refused } = Promise.withResolvers<void>();
  const run = newRun(
    flagsOf({ input: "-", repeat: 5, concurrency: 4 }),
    (_, params) => {
      const stream = new CallStream(64, () => {});
      const [number] = params as number[];
      const error = new RpcError("MethodNotFound", "No method");
      // The last of those that were begun, when the run stops for it already.
      if (number === 3) void isRefused.then(() => stream.ended(report("done")));
      else {
        queueMicrotask(() => {
          stream.ended({ ...report(undefined), error });
          if (number === 4) refused();
        });
      }
      return stream;
    },
    failedLines === undefined ? {} : { failedLines },
  );
  const { done, failed, lastRun, stoppedBecause } = await run.run();
  assert.equal(stoppedBecause, "no server offers the method");
  return { done, failed, lastRun };
}

Deno.test("a run that stops goes on behind the last line that has run: what has not, and is kept nowhere, is left or told", async () => {
  // The fourth is left for the next run, the first two have failed after all.
  assert.deepEqual(await stoppedRun(), { done: 3, failed: 2, lastRun: 3 });
});

Deno.test("a run that stops passes over the lines that are kept with those that failed", async () => {
  const path = await Deno.makeTempFile();
  const failedLines = FailedLines.open(path, "-", false);
  try {
    assert.deepEqual(await stoppedRun(failedLines), { done: 4, failed: 3, lastRun: 4 });
  } finally {
    failedLines.close();
    await Deno.remove(path);
  }
});
