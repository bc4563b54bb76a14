import assert from "node:assert/strict";
import { fileURLToPath, pathToFileURL } from "node:url";
import { waitFor } from "../../support/wait_for.ts";
import { withPool, workerCommand } from "../fixtures/harness.ts";
import { onWindows, stderrTest } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test("a procedure that exits takes its worker along, and no other call", async () => {
  await withPool({ size: 2 }, async (harness) => {
    const [lost, fine] = await Promise.all([harness.failure("exit"), harness.call("fib", [25])]);
    assert.deepEqual([lost.name, lost.executed], ["WorkerLost", "maybe"]);
    assert.match(lost.message, /exited with code 7/);
    assert.equal(fine, 75_025);
    assert.equal(await harness.call("fib", [5]), 5);
  });
});

Deno.test("a procedure that crashes its worker again and again is served again and again", async () => {
  await withPool({}, async (harness) => {
    for (let i = 0; i < 4; i++) assert.equal((await harness.failure("exit")).name, "WorkerLost");
    assert.equal(await harness.call("fib", [5]), 5);
    assert.equal(harness.pool.stats().restarts, 4);
  });
});

Deno.test("an answer that was written before the crash counts", async () => {
  await withPool({}, async (harness) => {
    assert.equal(await harness.call("exitSoon"), "leaving");
    await waitFor("the worker to be replaced", () => harness.pool.stats().restarts === 1);
    assert.equal(await harness.call("fib", [5]), 5);
  });
});

Deno.test("calls in a dead worker's pipe that have not begun run elsewhere (P-20)", async () => {
  await withPool({ cpuCallsPerWorkerMax: 4 }, async (harness) => {
    const exit = harness.submit("exit");
    const behind = [1, 2, 3].map((n) => harness.submit("fib", [n]));
    assert.equal(harness.pool.stats().queued, 0);
    const outcome = await exit.outcome;
    assert.ok("error" in outcome && outcome.error.executed === "maybe");
    const outcomes = await Promise.all(behind.map((call) => call.outcome));
    assert.deepEqual(outcomes, [{ result: 1 }, { result: 1 }, { result: 2 }]);
  });
});

Deno.test("a worker that exhausts its memory is replaced", async () => {
  const command = workerCommand(["--v8-flags=--max-old-space-size=48"]);
  await withPool({ command }, async (harness) => {
    const lost = await harness.failure("exhaust", [], { timeoutMs: 600_000 });
    assert.equal(lost.name, "WorkerLost");
    // There V8 tells it on the server's own stderr.
    if (Deno.build.os !== "windows") assert.match(lost.message, /ran out of memory/);
    assert.equal(await harness.call("fib", [5]), 5);
  });
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a worker that the system kills is reported so, and not as one whose stdout ended",
  ),
}, async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("pid") as number;
    const lost = harness.failure("spin");
    await waitFor("the call's begin", () => harness.printed().includes("spinning"));
    Deno.kill(pid, "SIGKILL");
    assert.match((await lost).message, /ended by SIGKILL, as a system does whose memory runs out/);
  });
});

// To see it fail: let refuseUnserved in src/workers/pool/unserved.ts return at once.
Deno.test("calls that wait for workers which cannot be started are refused in good time, not run", async () => {
  const directory = await Deno.makeTempDir({ prefix: "rpc_unserved_" });
  try {
    const main = `${directory}/main.ts`;
    const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
    const worker = workerCommand(["--config", config]);
    const text = `import ${JSON.stringify(pathToFileURL(worker.args.at(-1) as string).href)};`;
    await Deno.writeTextFile(main, text);
    const command = { ...worker, args: [...worker.args.slice(0, -1), main] };
    await withPool({ command, size: 2 }, async (harness) => {
      await Deno.remove(main);
      // Those that are lost to it are none of the workers' that cannot be started.
      for (let i = 0; i < 2; i++) assert.equal((await harness.failure("exit")).executed, "maybe");
      const { name, executed, message } = await harness.failure("fib", [5]);
      assert.deepEqual([name, executed], ["WorkerLost", "no"]);
      assert.match(message, /no worker of its server can be started/);
      await Deno.writeTextFile(main, text);
      await waitFor("new workers", () => {
        // Those for `io` calls are among them, and were up all the time.
        const { up, size } = harness.pool.stats();
        return up === size;
      });
      assert.equal(await harness.call("fib", [5]), 5);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

const oddThings = [
  "a stack that throws",
  "a message that throws",
  "a stack that is none",
  "a revoked proxy",
  "no prototype",
  "a symbol",
  "nothing",
];

Deno.test("whatever a procedure throws is an InternalError, and ends no worker", async () => {
  await withPool({}, async (harness) => {
    for (const how of oddThings) {
      assert.equal((await harness.failure("throwsOddly", [how])).name, "InternalError", how);
    }
    assert.equal(harness.pool.stats().restarts, 0);
  });
});

Deno.test("a procedure that closes stderr and fails is told of, and costs no worker", async () => {
  await withPool({}, async (harness) => {
    for (let i = 0; i < 2; i++) {
      assert.match((await harness.failure("closesStderr")).message, /closesStderr failed/);
    }
    assert.equal(harness.pool.stats().restarts, 0);
  });
});

/** A worker that answers one call, and then closes its stdin or its stdout and lives on. */
function closing(redirection: string) {
  const document = '{"openrpc":"1.3.2","info":{"title":"t","version":"1"},"methods":[]}';
  const script = `
    read -r line; printf '%s\\n' '{"jsonrpc":"2.0","id":1,"result":${document}}'
    read -r line; printf '%s\\n' '{"jsonrpc":"2.0","id":2,"result":1}'
    exec ${redirection}
    echo closed >&2
    exec sleep 60`;
  return { command: { program: "sh", args: ["-c", script] }, cpuCallsPerWorkerMax: 1 };
}

Deno.test({
  ...skippedIf(
    onWindows,
    "a worker that has closed its stdin is replaced at the next call, which did not run",
  ),
}, async () => {
  await withPool(closing("<&-"), async (harness) => {
    for (let i = 1; i <= 3; i++) {
      assert.equal(await harness.call("any"), 1);
      await waitFor("the end of the pipe", () => harness.printed().length === i);
      const { name, executed } = await harness.failure("any");
      assert.deepEqual([name, executed], ["WorkerLost", "no"]);
    }
  });
});

Deno.test({
  ...skippedIf(onWindows, "a worker that has closed its stdout is replaced at once"),
}, async () => {
  await withPool(closing(">&-"), async (harness) => {
    assert.equal(await harness.call("any"), 1);
    await waitFor("its replacement", () => harness.pool.stats().restarts === 1);
    assert.equal(await harness.call("any"), 1);
  });
});

Deno.test("a worker that writes garbage to its stdout is killed and replaced", async () => {
  await withPool({}, async (harness) => {
    const lost = await harness.failure("garbage");
    assert.deepEqual([lost.name, lost.executed], ["WorkerLost", "maybe"]);
    assert.match(lost.message, /broke the protocol/);
    assert.equal(await harness.call("fib", [5]), 5);
  });
});

stderrTest("whatever a procedure prints goes to the log and not into the protocol", async () => {
  await withPool({}, async (harness) => {
    assert.equal(await harness.call("print"), "printed");
    const printed = await waitFor("the last line", () => {
      const lines = harness.printed();
      return lines.includes("by console.error") && lines;
    });
    const expected = [
      "by console.log",
      "console.table",
      "by console.count",
      "console.dir",
      "by Deno.stdout.writeSync",
      "by Deno.stdout.write",
      "by process.stdout",
    ];
    for (const text of expected) {
      assert.ok(printed.some((line) => line.includes(text)), `${text} is not in ${printed}`);
    }
    assert.equal(harness.pool.stats().restarts, 0);
  });
});

stderrTest("a rejection that nobody catches is logged and costs no call", async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("forget");
    assert.equal(await harness.call("pid"), pid);
    await waitFor("the log", () => harness.printed().some((line) => /nobody caught/.test(line)));
  });
});

stderrTest("an exception's stack goes to the log and does not travel (P-23)", async () => {
  await withPool({}, async (harness) => {
    const { message } = await harness.failure("fail");
    assert.ok(!message.includes(" at "), message);
    await waitFor("the log", () => harness.printed().some((line) => /worker\.ts:\d+/.test(line)));
  });
});

Deno.test("a worker that dies by itself is replaced after a pause that grows", async () => {
  const script = `
    const line = '{"jsonrpc":"2.0","id":1,"result":{"openrpc":"1.3.2","methods":[],' +
      '"info":{"title":"t","version":"1"}}}\\n';
    Deno.stdout.writeSync(new TextEncoder().encode(line));`;
  const command = { program: Deno.execPath(), args: ["eval", script] };
  await withPool({ command }, async ({ pool, entries }) => {
    await waitFor("some restarts", () => pool.stats().restarts >= 3);
    const ended = entries.filter(({ message }) => message === "A worker ended");
    assert.ok(ended.length >= 3);
    assert.ok(ended.every(({ fields }) => fields.underCall === false));
    const delays = ended.map(({ fields }) => fields.nextInMs as number);
    assert.ok((delays[2] ?? 0) > 2 * (delays[0] ?? 0) * 0.9, delays.join());
  });
});
