import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import {
  checkThreads,
  pipeThreadsOf,
  processesOf,
  workersBeside,
  workersByDefault,
} from "../../../src/library/running/pipe_threads.ts";
import { openRegistry } from "../../../src/library/open_registry.ts";
import { RunningServer } from "../../../src/library/running/running_server.ts";
import { denoWorkerCommand } from "../../../src/library/worker_command.ts";
import { connect } from "rpc";

const module = import.meta.resolve("../fixtures/tasks.ts");

Deno.test("workers that have no thread for their pipe are refused with the number that has", () => {
  const threads = pipeThreadsOf("windows", 2);
  assert.equal(threads, 6);
  assert.equal(pipeThreadsOf("linux", 2), Infinity);
  const use = { builtin: true, pipeThreads: threads };
  checkThreads({ ...use, workers: 6 });
  assert.throws(() => checkThreads({ ...use, workers: 8 }), {
    name: "InvalidParams",
    message: /Cannot run 8 workers: .* Use 6 at most \(--workers, or workers\)$/,
  });
  assert.throws(
    () => checkThreads({ ...use, module, workers: 8 }),
    /Use 4 at most \(--workers, or workers\)$/,
  );
});

Deno.test("with --watch only as many workers start as leave room for a reload", () => {
  const use = { module, builtin: true, reloads: true, pipeThreads: pipeThreadsOf("windows", 2) };
  checkThreads({ ...use, workers: 2 });
  assert.throws(() => checkThreads({ ...use, workers: 4 }), {
    message: /^Cannot watch and reload 4 workers: .* Use 2 at most \(--workers, or workers\)$/,
  });
  const tooFew = { ...use, pipeThreads: pipeThreadsOf("windows", 1) };
  assert.throws(() => checkThreads({ ...tooFew, workers: 1 }), {
    message: /^Cannot watch and reload 1 worker: .* It has too few cores for that$/,
  });
});

Deno.test("where nobody says how many workers, as many as fit are started", () => {
  for (const pipeThreads of [4, 6, 8, 14, Infinity]) {
    for (const module of ["tasks.py", "tasks.ts"]) {
      for (const reloads of [false, true]) {
        const use = { module, builtin: true, reloads, pipeThreads };
        const workers = workersByDefault(use);
        assert.ok(workers >= 1 && workers <= navigator.hardwareConcurrency);
        // Four threads are not enough for three processes of Python and of ours, and three more.
        if (pipeThreads > 4 || !reloads) checkThreads({ ...use, workers });
        if (reloads && pipeThreads > 4) workersBeside({ ...use, workers });
      }
    }
  }
  const all = { module, builtin: true, pipeThreads: Infinity };
  assert.equal(workersByDefault(all), navigator.hardwareConcurrency);
});

Deno.test("the defaults fit on Windows, and so does a reload", () => {
  for (const cores of [2, 4, 8, 64]) {
    const pipeThreads = pipeThreadsOf("windows", cores);
    for (const use of [{ module, builtin: true }, { exec: ["py"], builtin: false }]) {
      const all = { ...use, workers: cores, pipeThreads };
      checkThreads(all);
      const beside = workersBeside(all);
      const processes = processesOf(all) + processesOf({ ...all, workers: beside });
      assert.ok(processes <= pipeThreads, `${processes} of ${pipeThreads} on ${cores} cores`);
    }
  }
});

Deno.test("new workers that do not fit beside the old ones start with one, and lose no call", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const registry = `local:${directory}`;
    // Two for cpu calls, perhaps two for io calls, and two more: not four more.
    await using server = await RunningServer.start({
      ...{ module, builtin: false, workers: 2, pipeThreads: 6, queueMax: 100 },
      listen: { host: "127.0.0.1", port: 0 },
      discovery: await openRegistry({ registry }, silentLogger),
      ...{ service: "rpc", weight: 1, zone: "", workerCommand: denoWorkerCommand },
      ...{ clock: systemClock, random: systemRandom, log: silentLogger },
    });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const before = await client.call("pid");
    let isOver = false;
    const callers = Array.from({ length: 4 }, async () => {
      while (!isOver) await client.call("pid");
    });
    for (let i = 0; i < 3; i++) await server.reload();
    isOver = true;
    await Promise.all(callers);
    assert.notEqual(await client.call("pid"), before);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
