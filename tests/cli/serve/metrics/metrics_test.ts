import assert from "node:assert/strict";
import { request } from "node:http";
import { serveMetrics } from "../../../../src/cli/serve/metrics/metrics.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { VirtualClock } from "../../../support/virtual_clock.ts";
import { within } from "../../../support/wait_for.ts";

type MetricsSource = Parameters<typeof serveMetrics>[1];

const stats = {
  service: "rpc",
  version: "0",
  uptimeMs: 1,
  draining: false,
  connections: 0,
  inFlight: 0,
  queued: 0,
  workers: { size: 0, busy: 0, restarts: 0 },
  methods: {},
};

function statusUnder(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path: "/metrics", headers: { host } }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    }).on("error", reject).end();
  });
}

Deno.test("metrics answer under names of this machine only, so that no name of a stranger leads to them", async () => {
  const listen = { host: "127.0.0.1", port: 0 };
  const source = { stats: () => stats, isReady: () => true };
  const server = serveMetrics(listen, source, { clock: systemClock, log: silentLogger });
  const port = Number(server.address.split(":").at(-1));
  try {
    const known = ["127.0.0.1", "10.0.0.7:9464", "[::1]:9464", "localhost", "LOCALHOST:80"];
    for (const host of [...known, "a.localhost", "rpc", Deno.hostname()]) {
      assert.equal(await statusUnder(host, port), 200, host);
    }
    for (const host of ["attacker.example", "127.0.0.1.attacker.example:9464", "10.0.0.7.nip.io"]) {
      assert.equal(await statusUnder(host, port), 403, host);
    }
    assert.equal(await statusUnder("127.'.0.1", port), 400, "nor is it a failure of this machine");
  } finally {
    server.close();
  }
});

Deno.test("each figure of a server is told once, in seconds and bytes, and replaces the one before", async () => {
  let source: MetricsSource = {
    stats: () => ({
      ...stats,
      ...{ uptimeMs: 2_500, draining: true, connections: 3, inFlight: 4, queued: 5 },
      workers: { size: 8, up: 6, busy: 7, restarts: 9 },
      methods: {
        fib: {
          calls: 10,
          errors: { Overloaded: 11, WorkerLost: 12 },
          latency: { p50Ms: 13, p99Ms: 14_000 },
        },
        ping: { calls: 15, errors: {}, latency: null },
      },
    }),
    ...{ isReady: () => false, isOpen: true },
    ...{ keysEndAtMs: () => 16_000, registryKeysEndAtMs: () => 17_500 },
  };
  const proxy: MetricsSource = {
    ...{ stats: () => source.stats(), isReady: () => source.isReady() },
    get isOpen() {
      return source.isOpen ?? false;
    },
    keysEndAtMs: () => source.keysEndAtMs?.(),
    registryKeysEndAtMs: () => source.registryKeysEndAtMs?.(),
  };
  const listen = { host: "127.0.0.1", port: 0 };
  const server = serveMetrics(listen, proxy, { clock: systemClock, log: silentLogger });
  const at = async (path: string) => {
    const response = await fetch(`http://${server.address}${path}`);
    return [response.status, await response.text()] as const;
  };
  const figures = async () => {
    const lines = (await at("/metrics"))[1].split("\n").filter((line) => /^rpc_/.test(line));
    const [memory] = lines.splice(lines.findIndex((line) => /memory/.test(line)), 1);
    assert.match(memory ?? "", /^rpc_resident_memory_bytes \d{7,}$/);
    return lines;
  };
  try {
    assert.deepEqual(await figures(), [
      "rpc_ready 0",
      "rpc_draining 1",
      "rpc_open 1",
      "rpc_keys_end_timestamp_seconds 16",
      "rpc_registry_keys_end_timestamp_seconds 17.5",
      "rpc_uptime_seconds 2.5",
      "rpc_connections 3",
      "rpc_calls_in_flight 4",
      "rpc_calls_queued 5",
      "rpc_workers 8",
      "rpc_workers_up 6",
      "rpc_workers_busy 7",
      'rpc_calls_total{method="fib"} 10',
      'rpc_calls_total{method="ping"} 15',
      'rpc_errors_total{method="fib",error="Overloaded"} 11',
      'rpc_errors_total{method="fib",error="WorkerLost"} 12',
      "rpc_worker_restarts_total 9",
      'rpc_latency_seconds{method="fib",quantile="0.5"} 0.013',
      'rpc_latency_seconds{method="fib",quantile="0.99"} 14',
    ]);
    assert.deepEqual(await at("/readyz"), [503, "not ready\n"]);
    source = { stats: () => stats, isReady: () => true };
    assert.deepEqual(
      (await figures()).filter((line) => !line.endsWith(" 0")),
      ["rpc_ready 1", "rpc_uptime_seconds 0.001"],
    );
    assert.deepEqual(await at("/readyz"), [200, "ready\n"]);
    assert.deepEqual(await at("/healthz"), [200, "ok\n"]);
    assert.equal((await at("/elsewhere"))[0], 404);
  } finally {
    server.close();
  }
});

Deno.test("who comes as metrics end is closed with them", async () => {
  const coming = Promise.withResolvers<Deno.TcpConn>();
  const { listen } = Deno;
  using listener = listen({ hostname: "127.0.0.1", port: 0 });
  const stub = { addr: listener.addr, accept: () => coming.promise, close() {} };
  Deno.listen = (() => stub) as unknown as typeof listen;
  try {
    const source = { stats: () => stats, isReady: () => true };
    const log = silentLogger;
    serveMetrics({ host: "127.0.0.1", port: 0 }, source, { clock: new VirtualClock(), log })
      .close();
  } finally {
    Deno.listen = listen;
  }
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  coming.resolve(await listener.accept());
  assert.equal(await within("the end", client.read(new Uint8Array(1))), null);
});
