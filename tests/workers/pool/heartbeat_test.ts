import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Heartbeat } from "../../../src/workers/pool/heartbeat.ts";
import { pythonCommand } from "../../../src/workers/python/python_command.ts";
import type { WorkerCommand } from "../../../src/workers/process/worker_command.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type PoolHarness, withPool, workerCommand } from "../fixtures/harness.ts";

const isWindows = Deno.build.os === "windows";
const isLinux = Deno.build.os === "linux";

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

function replaced(harness: PoolHarness, workers = 1): Promise<unknown> {
  return waitFor("the replacement", () => harness.pool.stats().restarts >= workers, {
    timeoutMs: 30_000,
  });
}

const languages: readonly [string, WorkerCommand][] = [
  ["TypeScript", workerCommand()],
  ["Python", python],
];

for (const [language, command] of languages) {
  Deno.test({
    name: `idle workers that were stopped are replaced before a call comes (${language})`,
    ignore: isWindows,
  }, async () => {
    await withPool({ command }, async (harness) => {
      Deno.kill(await harness.call("pid") as number, "SIGSTOP");
      Deno.kill(await harness.call("wait", [1], { kind: "io" }) as number, "SIGSTOP");
      await replaced(harness, 2);
    });
  });

  Deno.test({
    name:
      `idle workers that closed what they read from are replaced before a call comes (${language})`,
    ignore: isWindows,
  }, async () => {
    await withPool({ command }, async (harness) => {
      await harness.call("deafen");
      await harness.call("deafenIo", [], { kind: "io" });
      await replaced(harness, 2);
    });
  });
}

Deno.test({
  name: "an idle worker of somebody else's that closed its stdin is replaced",
  ignore: !isLinux,
}, async () => {
  const command = foreign("exec sleep 60 </dev/null");
  await withPool({ command }, async (harness) => {
    await replaced(harness);
  });
});

Deno.test({
  name: "an idle worker of somebody else's that reads on, itself or by a child, is left alone",
  ignore: !isLinux,
}, async () => {
  for (
    const then of ["while read -r line; do :; done", "exec 3<&0 </dev/null; cat <&3 >&2 & wait"]
  ) {
    await withPool({ command: foreign(then) }, async (harness) => {
      // Two looks at it.
      await new Promise((resolve) => setTimeout(resolve, 2_200));
      assert.equal(harness.pool.stats().restarts, 0);
    });
  }
});

Deno.test({
  name: "of the calls to a stopped io worker those that come later go elsewhere, and end",
  ignore: isWindows,
}, async () => {
  await withPool({ size: 2 }, async (harness) => {
    const stopped = await harness.call("wait", [1], { kind: "io" }) as number;
    Deno.kill(stopped, "SIGSTOP");
    const first = harness.submit("wait", [1], { kind: "io" });
    // It is asked after a second of silence, and is given nothing from then on.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
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
    ...{ inOrder: false, clock },
    alive: () => assert.fail("it never answers"),
    silent: (because) => silent.push(because),
  });
  clock.advance(60_000);
  assert.deepEqual([heartbeat.isAwaited, silent], [true, []]);
  heartbeat.ask();
  assert.equal(silent.length, 1);
  heartbeat.stop();
});
