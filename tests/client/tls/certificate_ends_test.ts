/** Connections that are open when a certificate ends. */

import assert from "node:assert/strict";
import * as z from "zod";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Client } from "../../../src/client/client.ts";
import { connectGreeted, tlsTransport } from "../../../src/client/tls/tls_transport.ts";
import { dateText } from "../../../src/keys/expiry.ts";
import { KeyRing } from "../../../src/keys/key_ring.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { RpcServer } from "../../../src/server/server.ts";
import { listenTls } from "../../../src/server/tls_listener.ts";
import { FakeDiscovery, instanceAt } from "../../support/fake_discovery.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A server whose calls of `slow` end when they are let go. */
async function serve(cluster: TestCluster, clock: Clock, clusterNow = () => cluster.id) {
  const keys = cluster.ring(await cluster.faulty({ name: "server", toDays: 300 }));
  const place = { host: "127.0.0.1", port: 0, clock, log: silentLogger };
  const { promise, resolve } = Promise.withResolvers<string>();
  const slow = defineProcedure({
    kind: "inline",
    input: z.tuple([]),
    output: z.string(),
  }, () => promise);
  const server = RpcServer.listen({
    ...place,
    listener: {
      ...await listenTls({ ...place, clock: systemClock, keys }),
      cluster: clusterNow,
    },
    procedures: { ...builtin, slow },
    service: "rpc",
    version: "1",
  });
  const instance = instanceAt(server.address.port, { cluster: cluster.id });
  return { server, instance, letGo: () => resolve("done") };
}

/** A client and its clock, whose keys are the ones in a directory. */
function clientOf(directory: string, instance: ReturnType<typeof instanceAt>) {
  const clock = new VirtualClock(0, Date.now());
  const ring = KeyRing.open(directory, clock, silentLogger) as KeyRing;
  const discovery = new FakeDiscovery();
  const told: string[] = [];
  const log = { ...silentLogger, debug: (message: string) => told.push(message) };
  const client = new Client({ discovery, transport: tlsTransport(ring), clock, log });
  discovery.push([instance]);
  return { client, clock, told, endMs: ring.current().own.validToMs };
}

Deno.test("a client comes anew with the keys that it was given meanwhile before the old ones end, and no call fails (P-78)", async () => {
  await using cluster = await TestCluster.create();
  const { server, instance, letGo } = await serve(cluster, new VirtualClock(0, Date.now()));
  const directory = cluster.write(await cluster.faulty({ toDays: 20 }));
  const { client, clock, told, endMs } = clientOf(directory, instance);
  try {
    assert.equal(await client.call("ping", []), "pong");
    const slow = client.call("slow", []);
    cluster.write(await cluster.faulty({ toDays: 300 }), directory);
    // Not step by step: what is silent for a second in many steps is in doubt.
    clock.stall(2_000);
    await clock.advanceAsync(250);
    assert.equal(server.stats().connections, 1, "new keys alone are no reason");

    clock.setWallTime(endMs - 60_000);
    await clock.advanceAsync(250);
    await waitFor("a new one", () => told.includes("Connected anew"));
    assert.equal(await client.call("ping", []), "pong");
    assert.equal(server.stats().connections, 2, "the call under way keeps its connection");
    letGo();
    assert.equal(await slow, "done");
    await clock.advanceAsync(250);
    await waitFor("the old connection's end", () => server.stats().connections === 1);

    clock.setWallTime(endMs + 60_000);
    await clock.advanceAsync(1_000);
    assert.equal(await client.call("ping", []), "pong");
    assert.equal(server.stats().connections, 1);
  } finally {
    client.close();
    letGo();
    await server.close();
  }
});

Deno.test("a connection that outlives its caller's certificate takes no new call, says why, and ends (P-78)", async () => {
  await using cluster = await TestCluster.create();
  const clock = new VirtualClock(0, Date.now());
  const { server, instance, letGo } = await serve(cluster, clock);
  const ring = cluster.ring(await cluster.faulty({ toDays: 20 }));
  const { own } = ring.current();
  const never = new AbortController().signal;
  const { duplex } = await connectGreeted(ring.current(), instance, never);
  const lines = linesOf(duplex);
  const ask = (id: number, method: string) =>
    duplex.write(
      new TextEncoder().encode(
        `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":[]}\n`,
      ),
    );
  try {
    await ask(1, "slow");
    await ask(2, "ping");
    assert.match(await lines(), /"id":2,"result":"pong"/);
    clock.setWallTime(own.validToMs + 5_000);
    await clock.advanceAsync(1_000);
    await ask(3, "ping");
    assert.match(await lines(), /"id":3,"result":"pong"/, "clocks differ by seconds");

    clock.setWallTime(own.validToMs + 60_000);
    await clock.advanceAsync(1_000);
    const refusal = `The certificate of \\"alice\\" has expired on ${dateText(own.validToMs)}` +
      ": rpc keys renew";
    for (const method of ["ping", "rpc.hello", "rpc.renew"]) {
      await ask(4, method);
      const answer = await lines();
      assert.ok(answer.includes('"id":4,"error":{"code":-32005,'), answer);
      assert.ok(answer.includes(refusal), answer);
    }
    letGo();
    assert.match(await lines(), /"id":1,"result":"done"/, "what is under way goes on");
    await clock.advanceAsync(1_000);
    const farewell = await lines();
    assert.ok(farewell.includes('"id":null') && farewell.includes(refusal), farewell);
    assert.equal(await duplex.read(new Uint8Array(1)), null);
  } finally {
    duplex.close();
    letGo();
    await server.close();
  }
});

Deno.test("who was a member of the former cluster calls a server no more once it has keys of another", async () => {
  await using cluster = await TestCluster.create();
  const clock = new VirtualClock(0, Date.now());
  let clusterNow = cluster.id;
  const { server, instance, letGo } = await serve(cluster, clock, () => clusterNow);
  const thief = cluster.ring(await cluster.member("thief")).current();
  const { duplex } = await connectGreeted(thief, instance, new AbortController().signal);
  const lines = linesOf(duplex);
  const ask = () =>
    duplex.write(new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"ping"}\n'));
  try {
    await ask();
    assert.match(await lines(), /"pong"/);
    clusterNow = "0123456789abcdef0123";
    await clock.advanceAsync(1_000);
    assert.match(
      await lines(),
      /"id":null.*thief.*not one of a caller of cluster 0123456789abcdef0123: rpc keys show/,
    );
    assert.equal(await duplex.read(new Uint8Array(1)), null);
  } finally {
    duplex.close();
    letGo();
    await server.close();
  }
});

Deno.test("a client calls a server of its former cluster no more once it has keys of another", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const { server, instance, letGo } = await serve(cluster, new VirtualClock(0, Date.now()));
  const directory = cluster.write(await cluster.faulty({}));
  const { client, clock } = clientOf(directory, instance);
  try {
    assert.equal(await client.call("ping", []), "pong");
    const slow = client.call("slow", []);
    other.write(await other.member("alice"), directory);
    clock.stall(2_000);
    await clock.advanceAsync(250);
    const call = client.call("ping", [], { timeoutMs: 5_000 });
    call.catch(() => {});
    letGo();
    assert.equal(await slow, "done", "what is under way goes on");
    for (let i = 0; i < 30; i++) await clock.advanceAsync(250);
    await assert.rejects(call, RegExp(`of cluster ${cluster.id}, and this machine's keys`));
  } finally {
    client.close();
    letGo();
    await server.close();
  }
});

/** Reads line by line. */
function linesOf(duplex: { read(buffer: Uint8Array): Promise<number | null> }) {
  let text = "";
  return async () => {
    while (!text.includes("\n")) {
      const buffer = new Uint8Array(4_096);
      const length = await duplex.read(buffer);
      assert.ok(length !== null, "the connection has ended");
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
    const end = text.indexOf("\n");
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return line;
  };
}
