import assert from "node:assert/strict";
import { connect, RpcError, serve } from "rpc";
import { workersBeside } from "../../src/library/running/pipe_threads.ts";
import { filePrefix, memoryDirectory } from "../../src/workers/memory_files.ts";
import type * as tasks from "./fixtures/tasks.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const module = import.meta.resolve("./fixtures/tasks.ts");

/** A registry that nobody else sees. */
async function withRegistry(test: (registry: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`local:${directory}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  ...skippedIf(notLinux, "a server deletes what killed ones have left in memory"),
  async fn() {
    await withRegistry(async (registry) => {
      const left = Deno.makeTempFileSync({ dir: memoryDirectory, prefix: filePrefix.claims });
      Deno.utimeSync(left, 0, 0);
      await using _server = await serve({ builtin: true, registry, workers: 1, workersMin: 0 });
      assert.throws(() => Deno.lstatSync(left), Deno.errors.NotFound);
    });
  },
});

Deno.test("serve() serves a module, and connect() calls it with its types", async () => {
  await withRegistry(async (registry) => {
    await using server = await serve({ module, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const api = client.procedures<typeof tasks>();
    assert.equal(await api.multiply(6, 7), 42);
    assert.equal(await api.area({ width: 3, height: 4 }), 12);
    assert.equal(await api.add(2, 3), 5);
    assert.equal(await api.ping(), "mine");
    assert.notEqual(await api.pid(), Deno.pid);
    assert.equal(server.isRegistered, true);
    await assert.rejects(client.call("fib", [1]), { name: "MethodNotFound" });
    await server.drain({ graceMs: 0, timeoutMs: 5_000 });
    assert.equal(server.isRegistered, false);
  });
});

Deno.test("a module's procedures go before the built-in ones of the same name", async () => {
  await withRegistry(async (registry) => {
    const url = new URL(module);
    await using _server = await serve({ module: url, builtin: true, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    assert.equal(await client.call("ping"), "mine");
    assert.equal(await client.call("fib", [10]), 55);
  });
});

Deno.test("connect()'s client takes a signal and a time limit", async () => {
  await withRegistry(async (registry) => {
    await using _server = await serve({ module, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    // Connected, so that no call's time is over before a server is.
    assert.equal(typeof await client.call("pid"), "number");
    const late = client.call("wait", [60_000], { timeoutMs: 50 });
    await assert.rejects(late, { name: "DeadlineExceeded" });
    const abort = new AbortController();
    const aborted = client.call("wait", [60_000], { signal: abort.signal });
    abort.abort();
    await assert.rejects(aborted, { name: "Cancelled" });
    const patient = client.procedures<typeof tasks>({ timeoutMs: 50 });
    await assert.rejects(patient.wait(60_000), { name: "DeadlineExceeded" });
    assert.equal(typeof await client.call("pid"), "number");
  });
});

Deno.test("reload() replaces the workers and loses no call", async () => {
  await withRegistry(async (registry) => {
    await using server = await serve({ module, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const before = await client.call("pid");
    const under = client.call("wait", [2_000], { timeoutMs: 600_000 });
    const queued = client.call("wait", [0], { timeoutMs: 600_000 });
    // Sent, and begun: the worker has it when the next one has to wait.
    while (server.stats().queued === 0) await client.call("rpc.ping");
    await server.reload();
    assert.deepEqual([await under, await queued], [before, before]);
    assert.notEqual(await client.call("pid"), before);
    assert.equal(server.stats().methods.wait?.calls, 2);
  });
});

const twoWorkers = { module, builtin: false, workers: 2 };
const noRoom = workersBeside(twoWorkers) < 2 ? "there are too few threads for pipes" : undefined;

Deno.test({
  ...skippedIf(
    noRoom,
    "serve() keeps workersMin workers while nobody calls, and has all after a reload() under calls",
  ),
}, async () => {
  await withRegistry(async (registry) => {
    await using server = await serve({ module, registry, workers: 2, workersMin: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const workers = () => {
      const { size, up, busy } = server.stats().workers;
      return { size, up, busy };
    };
    assert.deepEqual(workers(), { size: 2, up: 1, busy: 0 });
    await server.reload();
    assert.deepEqual(workers(), { size: 2, up: 1, busy: 0 });
    const abort = new AbortController();
    const options = { signal: abort.signal, timeoutMs: 600_000 };
    const waiting = assert.rejects(client.call("wait", [600_000], options), { name: "Cancelled" });
    while (server.stats().workers.busy === 0) await client.call("rpc.ping");
    await server.reload();
    assert.deepEqual(workers(), { size: 2, up: 2, busy: 0 });
    abort.abort();
    await waiting;
  });
});

Deno.test("serve() says what is wrong, and leaves nothing behind", async () => {
  await withRegistry(async (registry) => {
    const bad = new URL("./fixtures/tasks_that_throw.ts", import.meta.url).href;
    await assert.rejects(
      serve({ module: bad, registry }),
      /^Error: Cannot load .*: not today at file:.*tasks_that_throw\.ts:3:\d+$/,
    );
    await assert.rejects(
      serve({ exec: ["there-is-no-such-program"], registry }),
      /^Error: Cannot start a worker: .*there-is-no-such-program/,
    );
    await assert.rejects(serve({ module, registry: "nowhere:" }), RpcError);
    await using server = await serve({ module, registry, workers: 1 });
    const port = Number(server.address.split(":").at(-1));
    await assert.rejects(serve({ module, registry, workers: 1, port }), /the port is in use/);
  });
});

/** A program that answers the first request, which asks what it offers. */
function answering(outcome: Record<string, unknown>): string[] {
  const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, ...outcome }) + "\n";
  const code = `Deno.stdout.writeSync(new TextEncoder().encode(${JSON.stringify(answer)}));
    for await (const _ of Deno.stdin.readable);`;
  return [Deno.execPath(), "eval", code];
}

Deno.test("a foreign worker's offer is refused for its own reason, or for names that nobody could call (P-7, P-12)", async () => {
  await withRegistry(async (registry) => {
    const error = { code: -32603, message: "The model is missing" };
    await assert.rejects(
      serve({ exec: answering({ error }), registry, workers: 1 }),
      /^Error: The model is missing$/,
    );
    for (
      const [name, why] of [
        ["rpc.stats", /it offers rpc\.stats, and names that begin so belong to the protocol/],
        ["x".repeat(257), /it offers x{32}\.\.\., and a name has at most 256 characters/],
      ] as const
    ) {
      const result = {
        openrpc: "1.3.2",
        info: { title: "x", version: "1" },
        methods: [{ name }],
      };
      await assert.rejects(serve({ exec: answering({ result }), registry, workers: 1 }), why);
    }
  });
});

Deno.test("numbers that cannot be are refused by connect() and serve() at once, and nothing is left", async () => {
  await withRegistry(async (registry) => {
    for (const value of [NaN, Infinity, -1, "3", null, {}, 1.5, 1e12]) {
      const number = value as number;
      for (const name of ["port", "workers", "workersMin", "queueMax"] as const) {
        const started = serve({ module, registry, workers: 1, [name]: number });
        await assert.rejects(started, { name: "InvalidParams" }, `${name} ${value}`);
      }
      if (value === 1.5) continue;
      await assert.rejects(serve({ module, registry, weight: number }), { name: "InvalidParams" });
      await assert.rejects(connect({ registry, timeoutMs: number }), { name: "InvalidParams" });
    }
    await assert.rejects(connect({ registry, timeoutMs: 0 }), { name: "InvalidParams" });
    await assert.rejects(serve({ module, registry, workers: 1, workersMin: 2 }), {
      name: "InvalidParams",
      message: /^Cannot keep 2 workers where there are at most 1/,
    });
  });
});

Deno.test("a reload that takes idempotence back is obeyed by clients that are connected (P-72)", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/ran`;
  const tasks = `${directory}/tasks.ts`;
  const write = (idempotent: boolean) =>
    Deno.writeTextFile(
      tasks,
      `import { defineProcedure, z } from ${
        JSON.stringify(import.meta.resolve("../../src/mod.ts"))
      };
export const order = defineProcedure(
  { input: z.tuple([]), output: z.null(), idempotent: ${idempotent} },
  () => {
    Deno.writeTextFileSync(${JSON.stringify(path)}, "ran\\n", { append: true });
    Deno.exit(1);
  },
);
`,
    );
  try {
    await write(true);
    const registry = `local:${directory}/r`;
    // In here, so that they have ended before the directory that they write to goes.
    await using server = await serve({ module: tasks, registry, workers: 1 });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const ran = async () => {
      const { error, attempts } = await client.report("order");
      const lines = (await Deno.readTextFile(path)).split("\n").length - 1;
      await Deno.writeTextFile(path, "");
      return [error?.name, error?.executed, attempts, lines];
    };
    assert.deepEqual(await ran(), ["WorkerLost", "maybe", 2, 2]);
    await write(false);
    await server.reload();
    assert.deepEqual(await ran(), ["WorkerLost", "maybe", 1, 1]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
