import assert from "node:assert/strict";
import process from "node:process";
import { orAborted, sleep, systemClock } from "../../src/base/clock.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

Deno.test("sleep() resolves when its time has come and not before", async () => {
  const clock = new VirtualClock();
  let awake = false;
  const sleeping = sleep(clock, 100).then(() => awake = true);
  await clock.advanceAsync(99);
  assert.equal(awake, false);
  await clock.advanceAsync(1);
  assert.equal(awake, true);
  await sleeping;
});

Deno.test("a moment that has just passed is due at once, and nothing is printed about it", async () => {
  const warnings: Error[] = [];
  const told = (warning: Error) => warnings.push(warning);
  process.on("warning", told);
  await new Promise<void>((resolve) => systemClock.after(-0.001, resolve));
  // Warnings come by a tick of their own.
  await new Promise<void>((resolve) => systemClock.after(0, resolve));
  process.off("warning", told);
  assert.deepEqual(warnings, []);
});

Deno.test("sleep() resolves at once when its signal aborts, and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, 1_000, controller.signal);
  assert.equal(clock.pendingTimers, 1);
  controller.abort();
  await sleeping;
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("sleep() does not begin when its signal has aborted already", async () => {
  const clock = new VirtualClock();
  await sleep(clock, 1_000, AbortSignal.abort());
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("sleep() takes its listener off a signal that outlives it", async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  const sleeping = sleep(clock, 10, signal);
  assert.equal(listeners, 1);
  clock.advance(10);
  await sleeping;
  assert.equal(listeners, 0);
});

Deno.test("the system's clock runs a callback in its time, unless cancelled", async () => {
  const startMs = systemClock.now();
  let cancelledRan = false;
  systemClock.after(1, () => cancelledRan = true).cancel();
  await new Promise<void>((resolve) => systemClock.after(20, resolve));
  // A timer may ring up to a millisecond early by its own rounding.
  assert.ok(systemClock.now() - startMs >= 19);
  assert.equal(cancelledRan, false);
});

Deno.test("the system's clock repeats until cancelled", async () => {
  let ticks = 0;
  // A periodic timer does not keep the process alive, so another one must for as long as the test
  // waits.
  await new Promise<void>((resolve) => {
    const alive = systemClock.after(10_000, resolve);
    const timer = systemClock.every(1, () => {
      if (++ticks < 3) return;
      timer.cancel();
      alive.cancel();
      resolve();
    });
  });
  assert.equal(ticks, 3);
});

Deno.test("a process waits for a timer, but not for one that keeps nothing alive", async () => {
  const clock = new URL("../../src/base/clock.ts", import.meta.url);
  const code = `import { systemClock } from "${clock}";
    systemClock.after(3_600_000, () => console.log("late"), { keepAlive: false });
    systemClock.after(1, () => console.log("ran"));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
  assert.equal(new TextDecoder().decode(stdout), "ran\n");
});

Deno.test("the system's clock tells the time of day", () => {
  // To the second, or a second later, however long this takes; and clocks are set now and then.
  assert.ok(Math.abs(systemClock.wallTimeMs() - Date.now()) < 60_000);
});

Deno.test("orAborted() gives up when the signal aborts, before or after, and else waits", async () => {
  const never = new Promise<never>(() => {});
  const abort = new AbortController();
  const waiting = orAborted(never, abort.signal);
  abort.abort("why");
  await assert.rejects(waiting, (reason) => reason === "why");
  await assert.rejects(orAborted(never, abort.signal), (reason) => reason === "why");
  assert.equal(await orAborted(Promise.resolve(1), new AbortController().signal), 1);
  assert.equal(await orAborted(Promise.resolve(1), undefined), 1);
});
