import assert from "node:assert/strict";
import { Progress, type ProgressTerminal } from "../../src/terminal/progress.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor } from "../support/wait_for.ts";

class FakeTerminal implements ProgressTerminal {
  isTTY = true;
  size = { columns: 80, rows: 24 };
  written = "";

  write(text: string): void {
    this.written += text;
  }

  /** The last line that was drawn. */
  get line(): string {
    // deno-lint-ignore no-control-regex
    return this.written.split(/\x1b\[1G|\r/).at(-1)?.replaceAll(/\x1b\[[?\d]*[A-Za-z]/g, "") ?? "";
  }
}

Deno.test("a terminal shows the share, the count, the rate, the time left and what failed", async () => {
  const terminal = new FakeTerminal();
  const progress = new Progress({
    state: () => ({ done: 25, failed: 3 }),
    total: 100,
    terminal,
  });
  try {
    await waitFor(() => terminal.written, () => terminal.line.includes("25/100"));
    assert.match(terminal.line, /^█+░+ 25 % {2}25\/100 {2}[\d.]+\/s {2}.* left {2}3 failed$/);
  } finally {
    progress.stop();
  }
  assert.equal(terminal.line, "", "the bar is taken away at the end");
});

Deno.test("a terminal that is closed meanwhile gets no bar, and ends nothing", () => {
  const terminal = new FakeTerminal();
  const clock = new VirtualClock();
  const state = () => ({ done: 1, failed: 0 });
  const progress = new Progress({ state, total: 2, terminal, clock });
  clock.advance(1_000);
  assert.match(terminal.line, /1\/2/);
  terminal.write = () => {
    throw new Error("Input/output error (os error 5)");
  };
  clock.advance(1_000);
  assert.equal(clock.pendingTimers, 0);
  let printed = 0;
  progress.beside(() => printed++);
  progress.stop();
  assert.equal(printed, 1);
});

Deno.test("the rate is that of the last seconds, and tells the time left", () => {
  const terminal = new FakeTerminal();
  const clock = new VirtualClock(5_000);
  let done = 0;
  const progress = new Progress({
    state: () => ({ done, failed: 0 }),
    total: 1_000,
    terminal,
    clock,
  });
  for (let second = 0; second < 20; second++) {
    clock.advance(1_000);
    done += second < 10 ? 1 : 20;
  }
  const [, rate, left] = / 190\/1000 {2}([\d.]+)\/s {2}(\d+) s left$/.exec(terminal.line) ?? [];
  assert.ok(Number(rate) > 18 && Number(rate) < 22, terminal.line);
  assert.equal(Number(left), Math.ceil(810 / Number(rate)));
  const erased = terminal.written.length;
  progress.stop();
  assert.ok(terminal.written.length > erased);
  const stopped = terminal.written;
  progress.beside(() => {});
  progress.stop();
  clock.advance(10_000);
  assert.equal(terminal.written, stopped, "nothing is drawn after the end");
});

Deno.test("the bar fits the terminal, also when that gets narrower", async () => {
  const terminal = new FakeTerminal();
  const progress = new Progress({ state: () => ({ done: 5, failed: 0 }), total: 10, terminal });
  try {
    await waitFor(() => terminal.written, () => terminal.line.includes("5/10"));
    terminal.size = { columns: 50, rows: 24 };
    await waitFor(
      () => terminal.written,
      () => terminal.line.length < 50 && terminal.line.includes("5/10"),
    );
    terminal.size = { columns: 20, rows: 24 };
    await waitFor(
      () => terminal.written,
      () => terminal.line.length <= 20 && terminal.line.startsWith("50 %"),
    );
  } finally {
    progress.stop();
  }
});

Deno.test("without a total there is the count and the rate, and no bar", async () => {
  const terminal = new FakeTerminal();
  const progress = new Progress({ state: () => ({ done: 7, failed: 0 }), terminal });
  try {
    await waitFor(() => terminal.written, () => terminal.line.includes("7 calls"));
    assert.match(terminal.line, /^7 calls {2}[\d.]+\/s {2}\d+ s so far$/);
  } finally {
    progress.stop();
  }
});

Deno.test("work that ends by the clock shows the time left of it", async () => {
  const terminal = new FakeTerminal();
  const state = () => ({ done: 7, failed: 0 });
  const progress = new Progress({ state, durationMs: 3_600_000 + 120_000, terminal });
  try {
    await waitFor(() => terminal.written, () => terminal.line.includes("7 calls"));
    assert.match(terminal.line, /^░+ 0 % {2}7 calls {2}[\d.]+\/s {2}1:0[12]:\d\d left$/);
  } finally {
    progress.stop();
  }
});

Deno.test("nothing is drawn where there is no terminal, nor for work that is done at once", () => {
  const pipe = new FakeTerminal();
  pipe.isTTY = false;
  const state = () => assert.fail("Nobody asks");
  const piped = new Progress({ state, total: 1, terminal: pipe });
  let printed = 0;
  piped.beside(() => printed++);
  piped.stop();
  assert.equal(pipe.written, "");

  const terminal = new FakeTerminal();
  const quick = new Progress({ state, total: 1, terminal });
  quick.beside(() => printed++);
  quick.stop();
  assert.equal(terminal.written, "");
  assert.equal(printed, 2);
});

Deno.test("the bar is part of the results that are written where it stands", async () => {
  const terminal = new FakeTerminal();
  const state = () => ({ done: 5, failed: 0 });
  const progress = new Progress({ state, total: 10, terminal, isBesideOutput: true });
  try {
    assert.equal(progress.above("a\n"), "a\n", "there is none yet");
    progress.written();
    await waitFor(() => terminal.written, () => terminal.line.includes("5/10"));
    const written = progress.above("a\nb\n");
    assert.ok(written.includes("5/10") && written.includes("a\nb\n"), written);
  } finally {
    progress.stop();
  }
});

Deno.test("the bar is not drawn into the middle of results, and is drawn again after them", () => {
  const clock = new VirtualClock();
  const terminal = new FakeTerminal();
  const state = () => ({ done: 5, failed: 0 });
  const progress = new Progress({ state, total: 10, terminal, clock, isBesideOutput: true });
  clock.advance(1_000);
  progress.above("a\n");
  const before = terminal.written;
  clock.advance(1_000);
  assert.equal(terminal.written, before);
  progress.written();
  clock.advance(1_000);
  assert.ok(terminal.written.length > before.length);
  progress.stop();
});

Deno.test("results that go elsewhere do not touch the bar", async () => {
  const terminal = new FakeTerminal();
  const progress = new Progress({ state: () => ({ done: 5, failed: 0 }), total: 10, terminal });
  try {
    await waitFor(() => terminal.written, () => terminal.line.includes("5/10"));
    const before = terminal.written;
    assert.equal(progress.above("a\n"), "a\n");
    progress.written();
    assert.equal(terminal.written, before);
  } finally {
    progress.stop();
  }
});
