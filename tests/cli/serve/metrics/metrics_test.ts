import assert from "node:assert/strict";
import { request } from "node:http";
import { serveMetrics } from "../../../../src/cli/serve/metrics/metrics.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { VirtualClock } from "../../../support/virtual_clock.ts";
import { within } from "../../../support/wait_for.ts";

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
