import assert from "node:assert/strict";
import { logPendingMax } from "../../../src/cli/limits.ts";
import { LogOutput } from "../../../src/cli/process/log_output.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A log whose reader takes something only when told, or fails. */
function slowOutput() {
  const taken: string[] = [];
  const dropped: number[] = [];
  let ready = Promise.withResolvers<void>();
  const output = new LogOutput({
    async write(bytes) {
      await ready.promise;
      const some = bytes.subarray(0, 100_000);
      taken.push(new TextDecoder().decode(some));
      return some.length;
    },
    dropped: (lines) => void dropped.push(lines),
  });
  const block = () => ready = Promise.withResolvers();
  const fail = () => {
    ready.reject(new Error("no space left"));
    block();
  };
  return { output, taken, dropped, go: () => ready.resolve(), block, fail };
}

const clock = new VirtualClock();

Deno.test("a log that nobody takes is bounded, and what was dropped is told when it is taken again", async () => {
  const { output, taken, dropped, go } = slowOutput();
  const line = `${"x".repeat(999)}\n`;
  const fits = Math.floor(logPendingMax / line.length);
  for (let i = 0; i < fits + 5; i++) output.push(line);
  assert.deepEqual([taken, dropped], [[], []]);
  go();
  await output.flushed(clock, 1_000);
  assert.equal(taken.join("").length, fits * line.length);
  assert.deepEqual(dropped, [5]);
});

Deno.test("a process that ends does not wait for a log that nobody takes", async () => {
  const { output } = slowOutput();
  output.push("a line\n");
  const flushed = output.flushed(clock, 1_000);
  await clock.advance(1_000);
  await flushed;
});

Deno.test("lines that could not be written are counted, and the next ones are tried", async () => {
  const { output, taken, dropped, go, fail, block } = slowOutput();
  go();
  output.push("zero\n");
  await output.flushed(clock, 1_000);
  assert.deepEqual([taken.splice(0), dropped], [["zero\n"], []]);
  block();
  output.push("one\n");
  output.push("two\n");
  const flushed = output.flushed(clock, 1_000);
  await Promise.resolve();
  fail();
  await flushed;
  output.push("three\n");
  go();
  await output.flushed(clock, 1_000);
  assert.deepEqual([taken, dropped], [["three\n"], [2]]);
  assert.equal(clock.pendingTimers, 0);
});
