import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openRpcSchema } from "../../src/procedures/openrpc.ts";
import { builtin } from "../../src/procedures/builtin.ts";
import { readStats } from "../../src/wire/reports/stats.ts";
import { idleTimeoutMs, messageMaxDefault } from "../../src/base/limits.ts";
import { statsPeriodMs } from "../../src/server/limits.ts";
import type { Accepted } from "../../src/server/listener.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { shTest } from "../support/posix.ts";
import { Gates, serverTest } from "./fixtures/harness.ts";

serverTest(
  "a server answers inline calls itself and has workers answer the others",
  async (harness) => {
    const pool = await harness.startPool();
    const server = harness.listen({ pool });
    const peer = await harness.connect(server);
    assert.equal((await peer.call(1, "ping", [7])).result, "pong 7");
    assert.equal((await peer.call(2, "fib", { n: 20 })).result, 6765);
    assert.equal((await peer.call(3, "fib", [79])).error?.code, -32602);
    assert.notEqual((await peer.call(4, "pid")).result, Deno.pid);
  },
);

serverTest("a call that overruns is stopped while others are served (P-37)", async (harness) => {
  const pool = await harness.startPool();
  const peer = await harness.connect(harness.listen({ pool }));
  await peer.request(1, "spin", [], 200);
  await peer.request(2, "fib", [20]);
  assert.equal((await peer.call(3, "ping")).result, "pong");
  assert.equal((await peer.answer(1)).error?.code, -32001);
  assert.equal((await peer.answer(2)).result, 6765);
});

serverTest(
  "rpc.ping is answered while all workers are busy and the queue is full (P-30, P-44)",
  async (harness) => {
    const pool = await harness.startPool({ queueMax: 1 });
    const peer = await harness.connect(harness.listen({ pool }));
    await peer.request(1, "spin");
    await peer.request(2, "spin");
    const refused = await peer.call(3, "spin");
    assert.deepEqual([refused.error?.code, refused.error?.data?.executed], [-32002, "no"]);
    assert.equal((await peer.call(4, "rpc.ping")).result, "pong");
  },
);

serverTest(
  "P-77: a ping that asks for it is told how many connections there are",
  async (harness) => {
    const server = harness.listen({});
    const peer = await harness.connect(server);
    const ask = async (id: number) =>
      (await peer.call(id, "rpc.ping", { connections: true })).result;
    assert.deepEqual(await ask(1), { connections: 1 });
    // Who is answered has been taken.
    for (let i = 0; i < 2; i++) await (await harness.connect(server)).call(1, "rpc.ping");
    assert.deepEqual(await ask(2), { connections: 3 });
  },
);

serverTest("P-77: who tells its load is told the sum of what all have told", async (harness) => {
  const server = harness.listen({});
  const [one, other, silent] = [
    await harness.connect(server),
    await harness.connect(server),
    await harness.connect(server),
  ];
  const tell = async (peer: typeof one, id: number, load: unknown) =>
    (await peer.call(id, "rpc.ping", { connections: true, load })).result;
  await silent.call(1, "rpc.ping");
  assert.deepEqual(await tell(one, 1, 700), { connections: 3, load: 700 });
  assert.deepEqual(await tell(other, 1, 30), { connections: 3, load: 730 });
  assert.deepEqual(await tell(one, 2, 200), { connections: 3, load: 230 });
  for (const [index, load] of [0, -5, 1.5, 1e300, "9", null].entries()) {
    assert.deepEqual(await tell(silent, 2 + index, load), { connections: 3 }, String(load));
  }
  await one.close();
  await waitFor("its end", () => server.stats().connections === 2);
  assert.deepEqual(await tell(other, 2, 30), { connections: 2, load: 30 });
});

serverTest("a worker that dies under a call is told of, and the server lives", async (harness) => {
  const pool = await harness.startPool();
  const peer = await harness.connect(harness.listen({ pool }));
  const { error } = await peer.call(1, "exit");
  assert.deepEqual([error?.code, error?.data?.executed], [-32006, "maybe"]);
  assert.equal((await peer.call(2, "fib", [5])).result, 5);
});

serverTest(
  "a client that goes frees the worker of its calls, and those that wait do not run (P-39)",
  async (harness) => {
    const pool = await harness.startPool();
    const server = harness.listen({ pool });
    const gone = await harness.connect(server);
    await gone.request(1, "spin", [], 60_000);
    await gone.request(2, "exit", [], 60_000);
    await waitFor("the calls", () => server.stats().inFlight === 2);
    await gone.close();
    const other = await harness.connect(server);
    assert.equal((await other.call(1, "fib", [5])).result, 5);
    assert.equal(pool.stats().restarts, 1);
  },
);

serverTest("rpc.discover lists what the server and its workers offer (P-29)", async (harness) => {
  const pool = await harness.startPool();
  const peer = await harness.connect(harness.listen({ pool }));
  const document = openRpcSchema.parse((await peer.call(1, "rpc.discover")).result);
  assert.deepEqual(document.info, {
    title: "test",
    version: "1.2.3",
    "x-message-max": messageMaxDefault,
  });
  const names = document.methods.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(["ping", "pi", "fib", "wait"].every((name) => names.includes(name)));
  assert.ok(!names.some((name) => name.startsWith("rpc.")));
});

serverTest("rpc.stats counts calls, failures and latencies (P-32)", async (harness) => {
  const pool = await harness.startPool();
  const server = harness.listen({ pool });
  const peer = await harness.connect(server);
  for (let id = 1; id <= 3; id++) await peer.call(id, "fib", [10]);
  await peer.call(4, "fib", [99]);
  await peer.call(5, "ping");
  await peer.request(6, "spin");
  const stats = readStats((await peer.call(7, "rpc.stats")).result);
  const { uptimeMs, timeMs, methods, ...rest } = stats;
  assert.ok(uptimeMs >= 0 && Math.abs(Date.now() - (timeMs ?? 0)) < 60_000);
  assert.deepEqual(rest, {
    service: "test",
    version: "1.2.3",
    draining: false,
    connections: 1,
    inFlight: 1,
    queued: 0,
    workers: { size: 2, up: 2, busy: 1, restarts: 0 },
  });
  assert.deepEqual([methods.fib?.calls, methods.fib?.errors], [4, { InvalidParams: 1 }]);
  assert.ok(methods.fib?.latency && methods.fib.latency.p50Ms <= methods.fib.latency.p99Ms);
  assert.deepEqual([methods.ping?.calls, methods.pi?.calls], [1, 0]);
  assert.deepEqual(server.stats().connections, 1);
});

serverTest(
  "a connection too many is told so and closed, and its place can be taken again (P-45)",
  async (harness) => {
    const server = harness.listen({ connectionsMax: 2 });
    const [first, second] = [await harness.connect(server), await harness.connect(server)];
    await first.call(1, "ping");
    await second.call(1, "ping");
    const refused = await harness.connect(server);
    await refused.request(1, "ping").catch(() => {});
    const { error } = await refused.answer(null);
    assert.deepEqual([error?.code, error?.data?.executed], [-32002, "no"]);
    await refused.ended();
    await first.close();
    await waitFor("the place to be free", () => server.stats().connections === 1);
    const next = await harness.connect(server);
    assert.equal((await next.call(1, "ping")).result, "pong");
  },
  shTest,
);

serverTest("a port that is taken is an error that says so", (harness) => {
  const { port } = harness.listen().address;
  assert.throws(() => harness.listen({ port }), {
    message: new RegExp(`^Cannot listen on 127\\.0\\.0\\.1 port ${port}: `),
  });
});

serverTest("a connection that comes as the server closes is closed with it", async (harness) => {
  const coming = Promise.withResolvers<Accepted>();
  const closed = Promise.withResolvers<void>();
  const accepts = [coming.promise];
  const server = harness.listen({
    listener: {
      addr: { host: "127.0.0.1", port: 1 },
      accept: () => accepts.shift() ?? Promise.reject(new Error("closed")),
      close() {},
    },
  });
  const closing = server.close();
  const connection = {
    read: () => closed.promise.then(() => null),
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => closed.resolve(),
  };
  coming.resolve({ connection, from: "192.0.2.1:7", caller: undefined });
  await within("the end of the connection", closed.promise);
  await within("the end of the server", closing);
});

serverTest(
  "a server without file handles goes on serving, and accepts again when there are some",
  async (harness) => {
    const script = fileURLToPath(new URL("./fixtures/serve.ts", import.meta.url));
    const child = new Deno.Command("sh", {
      args: ["-c", 'ulimit -n 60; exec "$0" run -A --no-check "$1"', Deno.execPath(), script],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    harness.onClose(async () => {
      child.kill("SIGKILL");
      await child.status;
    });
    const lines = linesOf(child.stdout);
    const port = Number((await lines.next()).value);
    const conns: Deno.TcpConn[] = [];
    harness.onClose(() => {
      for (const conn of conns) conn.close();
      return Promise.resolve();
    });
    const served = await harness.connectTo(port);
    await served.call(1, "ping");
    for (let i = 0; i < 80; i++) conns.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    assert.match((await lines.next()).value ?? "", /^Cannot accept connections/);
    assert.equal((await served.call(2, "ping")).result, "pong");
    for (const conn of conns.splice(0)) conn.close();
    const next = await harness.connectTo(port);
    assert.equal((await next.call(1, "ping")).result, "pong");
  },
  shTest,
);

serverTest(
  "drain() says goaway, serves on, then refuses, finishes what runs, and closes (P-46, P-47, P-48)",
  async (harness) => {
    const gates = new Gates();
    const clock = new VirtualClock();
    const server = harness.listen({ procedures: { ...builtin, slow: gates.procedure }, clock });
    const peer = await harness.connect(server);
    await peer.request(1, "slow");
    await waitFor("it to begin", () => gates.begun === 1);
    const drained = server.drain({ graceMs: 500, timeoutMs: 10_000 });
    await waitFor(
      "goaway",
      () => peer.lines.some((line) => JSON.parse(line).method === "rpc.goaway"),
    );
    assert.equal((await peer.call(2, "ping")).result, "pong");
    const late = await harness.connect(server);
    await waitFor("goaway for newcomers", () => late.lines.length === 1);
    assert.equal(server.stats().draining, false);
    clock.advance(500);
    await waitFor("draining", () => server.stats().draining);
    for (const who of [peer, late]) {
      const { error } = await who.call(3, "ping");
      assert.deepEqual([error?.code, error?.data?.executed], [-32003, "no"]);
      assert.equal((await who.call(4, "rpc.ping")).result, "pong");
    }
    gates.release();
    assert.equal((await peer.answer(1)).result, "released");
    await Promise.all([peer.ended(), late.ended()]);
    await within("drain()", drained);
    await assert.rejects(harness.connect(server));
  },
);

serverTest("drain() waits for no call for ever", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({ procedures: { slow: gates.procedure } });
  const peer = await harness.connect(server);
  await peer.request(1, "slow", [1]);
  await waitFor("it to begin", () => gates.begun === 1);
  await within("drain()", server.drain({ graceMs: 0, timeoutMs: 100 }));
  await peer.ended();
  assert.deepEqual(gates.aborted, [1]);
});

serverTest("drain() waits for no client that does not close its side", async (harness) => {
  const server = harness.listen({ limits: { lingerTimeoutMs: 100 } });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
  try {
    await within("drain()", server.drain({ graceMs: 0, timeoutMs: 60_000 }), 50_000);
  } finally {
    conn.close();
  }
});

serverTest("close() cuts a drain short", async (harness) => {
  const server = harness.listen();
  const drained = server.drain({ graceMs: 60_000, timeoutMs: 60_000 });
  await server.close();
  await within("drain()", drained);
});

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (text + piece).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

serverTest("a deadline is cut to what the server gives, which says so (P-35)", async (harness) => {
  const pool = await harness.startPool();
  const peer = await harness.connect(harness.listen({ pool, callTimeoutMaxMs: 200 }));
  const { error } = await peer.call(1, "spin", [], 24 * 60 * 60 * 1_000);
  assert.equal(error?.code, -32001);
  assert.match(
    error?.message ?? "",
    /allows 200 ms at the most \(rpc serve --call-timeout-max, or callTimeoutMaxMs\)$/,
  );
  const own = await peer.call(2, "spin", [], 100);
  assert.match(own.error?.message ?? "", / its deadline(?: passed before it began)?$/);
});

serverTest("rpc.stats is computed once for all who ask within a moment (P-32)", async (harness) => {
  const clock = new VirtualClock(1_000);
  const server = harness.listen({ clock });
  const peer = await harness.connect(server);
  const calls = async (id: number) => {
    const { result } = await peer.call(id, "rpc.stats");
    return readStats(result).methods["ping"]?.calls;
  };
  assert.equal(await calls(1), 0);
  await peer.call(2, "ping");
  assert.equal(await calls(3), 0);
  clock.advance(statsPeriodMs);
  assert.equal(await calls(4), 1);
});

serverTest(
  "a connection on which nothing comes is closed, with a word; one that waits is not",
  async (harness) => {
    const clock = new VirtualClock(1_000);
    const gates = new Gates();
    const server = harness.listen({ clock, procedures: { slow: gates.procedure } });
    const [idle, waiting] = [await harness.connect(server), await harness.connect(server)];
    await idle.call(1, "rpc.ping");
    await waiting.request(1, "slow", [], 24 * 60 * 60 * 1_000);
    await waitFor("it to begin", () => gates.begun === 1);
    clock.advance(idleTimeoutMs + 2_000);
    await idle.ended();
    assert.match(idle.lines[1] ?? "", /^\{"jsonrpc":"2.0","id":null,"error":\{"code":-32002/);
    assert.ok(!waiting.isEnded);
    gates.release();
    assert.equal((await waiting.answer(1)).result, "released");
  },
);
