import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { WorkerPool } from "../../../src/workers/pool/pool.ts";
import { StoppableClock } from "../../support/stoppable_clock.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { withPool, workerCommand } from "../fixtures/harness.ts";
import { signalTest } from "../../support/posix.ts";

Deno.test("a pool runs calls in its workers, several at a time", async () => {
  await withPool({ size: 2 }, async (harness) => {
    assert.equal(await harness.call("fib", [10]), 55);
    assert.equal(await harness.call("fib", { n: 10 }), 55);
    const names = harness.pool.document().methods.map(({ name }) => name);
    assert.ok(["ping", "pi", "fib"].every((name) => names.includes(name)), names.join());
    const stuck = harness.submit("spin");
    const pids = [await harness.call("pid"), await harness.call("pid")];
    assert.equal(pids[0], pids[1]);
    assert.ok(pids[0] !== Deno.pid);
    assert.equal(harness.pool.stats().busy, 1);
    stuck.handle.cancel();
    await stuck.outcome;
  });
});

Deno.test("io calls begin at once, also after some that took as long as is worth one cpu call ahead", async () => {
  await withPool({ size: 2 }, async (harness) => {
    const wait = (ms: number) => harness.submit("wait", [ms], { kind: "io", timeoutMs: 600_000 });
    for (let i = 0; i < 5; i++) await Promise.all([wait(8).outcome, wait(8).outcome]);
    const [first, second] = [wait(50_000), wait(50_000)];
    await harness.call("wait", [1], { kind: "io" });
    first.handle.cancel();
    second.handle.cancel();
    await Promise.all([first.outcome, second.outcome]);
  });
});

Deno.test("a worker's errors arrive as they are", async () => {
  await withPool({}, async (harness) => {
    const refused = await harness.failure("fib", [79]);
    assert.equal(refused.name, "InvalidParams");
    assert.equal(refused.message, "Cannot call fib: n must be <= 78 (got 79)");
    assert.deepEqual(refused.issues?.map(({ path }) => path), [[0]]);
    const failed = await harness.failure("fail");
    assert.deepEqual([failed.name, failed.executed], ["InternalError", "yes"]);
    assert.equal(failed.message, "fail failed: no such luck");
    const unknown = await harness.failure("nothing");
    assert.deepEqual([unknown.name, unknown.executed], ["InternalError", "no"]);
  });
});

Deno.test("a cpu call that overruns its deadline is answered, its worker killed, the next call served (P-37)", async () => {
  const clock = new VirtualClock();
  await withPool({ clock }, async (harness) => {
    const pid = await harness.call("pid");
    const spinning = harness.submit("spin", [], { timeoutMs: 100 });
    await waitFor("it to run", () => harness.printed().includes("spinning"));
    clock.advance(100);
    const late = await spinning.outcome;
    assert.ok("error" in late);
    assert.deepEqual([late.error.name, late.error.executed], ["DeadlineExceeded", "maybe"]);
    assert.notEqual(await harness.call("pid"), pid);
    assert.equal(harness.pool.stats().restarts, 1);
  });
});

Deno.test("a worker that was held up with its server is not killed for it", async () => {
  const directory = await Deno.makeTempDir();
  const clock = new VirtualClock();
  try {
    await withPool({ clock }, async (harness) => {
      const pid = await harness.call("pid");
      const held = harness.submit("hold", [`${directory}/on`], { timeoutMs: 1_000 });
      await waitFor("it to run", () => harness.printed().includes("holding"));
      clock.jump(60_000);
      const outcome = await held.outcome;
      assert.ok("error" in outcome && outcome.error.name === "DeadlineExceeded");
      await Deno.writeTextFile(`${directory}/on`, "");
      assert.equal(await harness.call("pid"), pid);
      assert.equal(harness.pool.stats().restarts, 0);
      // One that goes on is killed all the same.
      const spinning = harness.submit("spin", [], { timeoutMs: 1_000 });
      await waitFor("it to run", () => harness.printed().includes("spinning"));
      clock.jump(60_000);
      await spinning.outcome;
      clock.advance(1_000);
      assert.notEqual(await harness.call("pid"), pid);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a waiting call does not begin whose deadline has passed unnoticed (P-36)", async () => {
  const directory = await Deno.makeTempDir();
  const clock = new StoppableClock();
  try {
    await withPool({ clock }, async (harness) => {
      const held = harness.submit("hold", [`${directory}/on`], { timeoutMs: 60_000 });
      await waitFor("it to run", () => harness.printed().includes("holding"));
      const late = Array.from({ length: 100 }, () => {
        return harness.submit("exit", [], { timeoutMs: 1_000 }).outcome;
      });
      // One that was sent ahead comes back, as the call before it is long.
      clock.advance(100);
      const { queued } = harness.pool.stats();
      assert.equal(queued, 100);
      // No timer of its deadline runs.
      clock.stop(2_000);
      await Deno.writeTextFile(`${directory}/on`, "");
      await held.outcome;
      await Promise.race(late);
      // The rest of them wait until others have run.
      assert.ok(harness.pool.stats().queued > 0);
      clock.advance(0);
      for (const outcome of await Promise.all(late)) {
        assert.ok("error" in outcome);
        assert.deepEqual([outcome.error.name, outcome.error.executed], ["DeadlineExceeded", "no"]);
      }
      assert.equal(typeof await harness.call("pid"), "number");
      assert.equal(harness.pool.stats().restarts, 0);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a call whose deadline passes in the queue does not run (P-36)", async () => {
  await withPool({}, async (harness) => {
    const running = harness.submit("spin", [], { timeoutMs: 600 });
    const queued = harness.submit("exit", [], { timeoutMs: 100 });
    assert.equal(harness.pool.stats().queued, 1);
    const outcome = await queued.outcome;
    assert.ok("error" in outcome);
    assert.deepEqual([outcome.error.name, outcome.error.executed], ["DeadlineExceeded", "no"]);
    assert.equal(harness.pool.stats().queued, 0);
    await running.outcome;
    assert.equal(typeof await harness.call("pid"), "number");
    assert.equal(harness.pool.stats().restarts, 1);
    const expired = await harness.failure("exit", [], { timeoutMs: 0 });
    assert.deepEqual([expired.name, expired.executed], ["DeadlineExceeded", "no"]);
  });
});

Deno.test("a call beyond the queue's bound is refused at once, and may be tried elsewhere (P-44)", async () => {
  await withPool({ queueMax: 2 }, async (harness) => {
    const running = harness.submit("spin");
    await waitFor("it to run", () => harness.printed().includes("spinning"));
    const queued = [harness.submit("fib", [1]), harness.submit("fib", [2])];
    const refused = await harness.failure("fib", [3]);
    assert.deepEqual([refused.name, refused.executed], ["Overloaded", "no"]);
    running.handle.cancel();
    const outcomes = await Promise.all(queued.map(({ outcome }) => outcome));
    assert.deepEqual(outcomes, [{ result: 1 }, { result: 1 }]);
  });
});

Deno.test("a cancelled call leaves the queue, or is stopped", async () => {
  await withPool({}, async (harness) => {
    const running = harness.submit("spin");
    const queued = harness.submit("exit");
    await waitFor("it to run", () => harness.printed().includes("spinning"));
    queued.handle.cancel();
    const left = await queued.outcome;
    assert.ok("error" in left);
    assert.deepEqual([left.error.name, left.error.executed], ["Cancelled", "no"]);
    running.handle.cancel();
    const stopped = await running.outcome;
    assert.ok("error" in stopped);
    assert.deepEqual([stopped.error.name, stopped.error.executed], ["Cancelled", "maybe"]);
    assert.equal(await harness.call("fib", [3]), 2);
    running.handle.cancel();
    queued.handle.cancel();
    assert.equal(harness.pool.stats().restarts, 1);
  });
});

Deno.test("a cancelled call that ends by itself in a moment costs no worker", async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("pid");
    const short = harness.submit("fib", [5]);
    short.handle.cancel();
    const outcome = await short.outcome;
    assert.ok("error" in outcome && outcome.error.name === "Cancelled");
    assert.equal(await harness.call("pid"), pid);
    assert.equal(harness.pool.stats().restarts, 0);
  });
});

Deno.test("io calls run many at a time in one worker, beside the cpu calls", async () => {
  await withPool({}, async (harness) => {
    const stuck = harness.submit("spin");
    const calls = Array.from(
      { length: 20 },
      () => harness.call("wait", [50], { kind: "io" }),
    );
    assert.equal(new Set(await Promise.all(calls)).size, 1);
    stuck.handle.cancel();
    await stuck.outcome;
  });
});

Deno.test("an io call that overruns its deadline is stopped by its signal, and costs nobody anything", async () => {
  await withPool({}, async (harness) => {
    const other = harness.call("wait", [300], { kind: "io" });
    const late = await harness.failure("wait", [60_000], { kind: "io", timeoutMs: 50 });
    assert.deepEqual([late.name, late.executed], ["DeadlineExceeded", "maybe"]);
    const stubborn = harness.submit("ignore", [], { kind: "io" });
    stubborn.handle.cancel();
    const outcome = await stubborn.outcome;
    assert.ok("error" in outcome && outcome.error.name === "Cancelled");
    const pid = await other;
    assert.equal(await harness.call("wait", [0], { kind: "io" }), pid);
    assert.deepEqual(harness.pool.stats().restarts, 0);
  });
});

Deno.test("a worker whose io call blocks it is found by a ping and replaced", async () => {
  await withPool({}, async (harness) => {
    const blocking = harness.submit("block", [], { kind: "io", timeoutMs: 100 });
    const victim = harness.submit("wait", [0], { kind: "io" });
    const late = await blocking.outcome;
    assert.ok("error" in late && late.error.name === "DeadlineExceeded");
    const lost = await victim.outcome;
    assert.ok("error" in lost);
    assert.deepEqual([lost.error.name, lost.error.executed], ["WorkerLost", "maybe"]);
    assert.equal(typeof await harness.call("wait", [0], { kind: "io" }), "number");
  });
});

Deno.test("a pool does not start if its workers do not, and says what they printed", async () => {
  const failing = [
    {
      args: ["eval", "console.error('no such module'); Deno.exit(3)"],
      // There it is printed at once, and the server does not see it.
      why: Deno.build.os === "windows" ? /code 3 without an answer$/ : /code 3\n.*no such/,
    },
    { args: ["eval", "console.log('hello')"], why: /in place of an answer it printed "hello"/ },
    { args: ["eval", "await new Promise((r) => setTimeout(r, 60_000))"], why: /within 500 ms/ },
  ];
  for (const { args, why } of failing) {
    const starting = WorkerPool.start({
      command: { program: Deno.execPath(), args },
      size: 1,
      spawnTimeoutMs: why.source.includes("500") ? 500 : 120_000,
      clock: systemClock,
      random: seededRandom(1),
      log: silentLogger,
    });
    await assert.rejects(starting, { message: why });
  }
  const missing = WorkerPool.start({
    command: { program: "/no/such/program", args: [] },
    size: 1,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLogger,
  });
  await assert.rejects(missing, { message: /^Cannot start a worker: .*no\/such\/program/ });
});

Deno.test("close() ends every worker, also a busy one, and refuses what waits", async () => {
  let pids: number[] = [];
  await withPool({ size: 2 }, async (harness) => {
    pids = await Promise.all(["pid", "pid"].map((name) => harness.call(name))) as number[];
    const running = [harness.submit("spin"), harness.submit("spin")];
    const queued = harness.submit("fib", [1]);
    await harness.pool.close();
    const outcomes = await Promise.all([...running, queued].map(({ outcome }) => outcome));
    const names = outcomes.map((outcome) => "error" in outcome ? outcome.error.name : "none");
    assert.deepEqual(names, ["WorkerLost", "WorkerLost", "Draining"]);
    assert.equal((await harness.failure("fib", [1])).name, "Draining");
  });
  for (const pid of pids) await waitFor(`process ${pid} to be gone`, () => !isRunning(pid));
});

signalTest("workers end when their parent dies, also while idle", async () => {
  const { program, args } = workerCommand();
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n'));
    await reader.read();
    for (const signal of ["SIGINT", "SIGTERM"] as const) child.kill(signal);
    await writer.write(new TextEncoder().encode('{"jsonrpc":"2.0","id":2,"method":"rpc.ping"}\n'));
    const { value } = await reader.read();
    assert.match(new TextDecoder().decode(value), /"id":2,"result":"pong"/);
    await writer.close();
    assert.equal((await child.status).code, 0);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    await reader.cancel();
    await child.status;
  }
});

function isRunning(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test("a pool that starts with one worker grows to its size, for cpu and for io calls", async () => {
  await withPool({ size: 3, startWith: 1 }, async (harness) => {
    assert.equal(harness.pool.stats().size, 2);
    assert.equal(typeof await harness.call("wait", [1], { kind: "io" }), "number");
    await harness.pool.grow();
    assert.equal(harness.pool.stats().size, 5);
    const waits = Array.from({ length: 3 }, () => harness.call("pid"));
    assert.ok(new Set(await Promise.all(waits)).size > 1);
    await harness.pool.grow();
    assert.equal(harness.pool.stats().size, 5);
  });
});
