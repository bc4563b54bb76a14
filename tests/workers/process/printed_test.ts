import assert from "node:assert/strict";
import {
  printedLinesAtOnce,
  printedLinesPerSecondMax,
  printedPauseMs,
} from "../../../src/workers/limits.ts";
import { Printed } from "../../../src/workers/process/printed.ts";
import { stderrTest } from "../../support/posix.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { recordingLogger, withPool } from "../fixtures/harness.ts";

const utf8 = new TextEncoder();

/** A stream that holds a text, and counts how often it was read. */
function streamOf(text: string) {
  let bytes = utf8.encode(text);
  const read = { count: 0 };
  const stream = new ReadableStream({
    type: "bytes",
    pull(controller) {
      read.count++;
      const { byobRequest } = controller;
      const view = byobRequest?.view as Uint8Array | undefined;
      if (byobRequest === null || view === undefined) throw new Error("not asked by a buffer");
      if (bytes.length === 0) {
        controller.close();
        return byobRequest.respond(0);
      }
      const some = bytes.subarray(0, view.length);
      view.set(some);
      bytes = bytes.subarray(some.length);
      byobRequest.respond(some.length);
    },
  });
  return { stream, read };
}

stderrTest(
  "a worker that prints without end is logged up to a bound, and what is dropped is counted",
  async () => {
    await withPool({}, async (harness) => {
      const lines = 30_000;
      assert.equal(await harness.call("flood", [lines], { timeoutMs: 600_000 }), null);
      const dropped = () =>
        harness.entries.filter(({ message }) => message === "A worker printed too much")
          .reduce((sum, { fields }) => sum + (fields.linesDropped as number), 0);
      await waitFor(
        () => `${2 * lines} lines; ${harness.printed().length} and ${dropped()} so far`,
        () => harness.printed().length + dropped() === 2 * lines,
        { timeoutMs: 300_000 },
      );
      // How many depends on how fast it prints: a thousand a second are logged.
      assert.ok(dropped() > 0);
      assert.equal(harness.pool.stats().restarts, 0);
    });
  },
);

Deno.test("what a worker prints is logged a few lines a turn, and its pipe is left to fill meanwhile", async () => {
  const clock = new VirtualClock();
  const { log, entries } = recordingLogger();
  const { stream, read } = streamOf("a line\n".repeat(printedLinesAtOnce * 3));
  const printed = new Printed(stream, { worker: 1, clock, log });
  await waitFor("the first lines", () => entries.length > 0);
  assert.deepEqual([entries.length, read.count], [printedLinesAtOnce, 1]);
  let isEnded = false;
  void printed.ended.then(() => isEnded = true);
  await waitFor("the end", async () => {
    await clock.advance(10);
    return isEnded;
  });
  assert.equal(entries.length, printedLinesAtOnce * 3);
});

Deno.test("the dropping is told although nothing more is printed, and the last words are kept", async () => {
  const { log, entries } = recordingLogger();
  const lines = printedLinesPerSecondMax + 7;
  const { stream } = streamOf(Array.from({ length: lines }, (_, i) => `line ${i}\n`).join(""));
  const clock = new VirtualClock();
  const printed = new Printed(stream, { worker: 1, clock, log });
  let isEnded = false;
  void printed.ended.then(() => isEnded = true);
  await waitFor("the end", () => {
    // Only the pauses between reads: the second that the lines are counted in is never over.
    if ((clock.nextDueMs ?? Infinity) <= clock.now() + printedPauseMs) {
      clock.advance(printedPauseMs);
    }
    return isEnded;
  });
  const sum = entries.length - 1 + (entries.at(-1)?.fields.linesDropped as number);
  assert.equal(sum, lines);
  assert.equal(printed.tail.at(-1), `line ${lines - 1}`);
});
