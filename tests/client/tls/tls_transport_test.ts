import assert from "node:assert/strict";
import * as z from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Client } from "../../../src/client/client.ts";
import { connectGreeted, tlsTransport } from "../../../src/client/tls/tls_transport.ts";
import { tcpTransport, type Transport } from "../../../src/client/transport.ts";
import { anyCluster, type Instance } from "../../../src/discovery/discovery.ts";
import { KeyRing } from "../../../src/keys/key_ring.ts";
import { parseRights } from "../../../src/keys/rights.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { RpcServer, type RpcServerOptions } from "../../../src/server/server.ts";
import { listenTls } from "../../../src/server/tls_listener.ts";
import { FakeDiscovery, instanceAt } from "../../support/fake_discovery.ts";
import { type Pair, TestCluster } from "../../support/test_pki.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A server with keys, in this process. */
async function serve(
  cluster: TestCluster,
  pair: Pair,
  options: Partial<RpcServerOptions> = {},
): Promise<RpcServer> {
  const log = silentLogger;
  const keys = cluster.ring(pair);
  const place = { host: "127.0.0.1", port: 0, clock: systemClock, log };
  return RpcServer.listen({
    ...place,
    listener: await listenTls({ ...place, keys }),
    name: keys.current().own.name,
    procedures: builtin,
    service: "rpc",
    version: "1",
    ...options,
  });
}

/** What a client says of a server that was too slow for it, and nothing else was wrong with it. */
const tooSlow = /it does not answer|no connection within|still connecting|^DeadlineExceeded/;

/** What one call comes to, by a client that knows one server. */
async function ping(transport: Transport, instance: Instance, method = "ping"): Promise<unknown> {
  const discovery = new FakeDiscovery();
  const client = new Client({ discovery, transport, unavailableAfterMs: 200 });
  try {
    discovery.push([instance]);
    return await waitFor("an attempt that is not too slow", async () => {
      try {
        return await client.call(method, []);
      } catch (error) {
        assert.ok(error instanceof RpcError);
        const text = `${error.name} ${error.executed}: ${error.message}`;
        return tooSlow.test(text) ? undefined : text;
      }
    });
  } finally {
    client.close();
  }
}

Deno.test("a call goes to a server of the cluster, and who may not call is refused in words (P-68)", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const alice = tlsTransport(cluster.ring(await cluster.member("alice")));
  const server = await serve(cluster, await cluster.member("server"));
  const { port } = server.address;
  const ours = instanceAt(port, { cluster: cluster.id });
  try {
    assert.equal(await ping(alice, ours), "pong");
    assert.equal(await ping(alice, instanceAt(port, { cluster: anyCluster })), "pong");

    const reader = tlsTransport(cluster.ring(await cluster.member("bob", parseRights("read"))));
    assert.match(
      String(await ping(reader, ours)),
      /^PermissionDenied no: "bob" may not call "ping"/,
    );

    const stranger = tlsTransport(other.ring(await other.member("alice")));
    assert.match(
      String(await ping(stranger, instanceAt(port, { cluster: anyCluster }))),
      /^Unavailable no: .* keys of cluster .*, and this machine's are of /,
    );
    const expired = tlsTransport(cluster.ring(await cluster.faulty({ fromDays: -9, toDays: -2 })));
    assert.match(
      String(await ping(expired, ours)),
      /^Unauthenticated no: .*"alice" has expired on \d{4}-\d\d-\d\d: rpc keys renew/,
    );
    assert.deepEqual(server.stats().methods["ping"]?.calls, 2, "nobody else's call has run");
  } finally {
    await server.close();
  }
});

Deno.test("a registry that lies sends no call to another service, an open server or another cluster (P-66, P-67)", async () => {
  await using cluster = await TestCluster.create();
  const alice = tlsTransport(cluster.ring(await cluster.member("alice")));
  const server = await serve(cluster, await cluster.member("server"), { service: "billing" });
  const open = RpcServer.listen({
    host: "127.0.0.1",
    port: 0,
    procedures: builtin,
    service: "rpc",
    version: "1",
    clock: systemClock,
    log: silentLogger,
  });
  try {
    const { port } = server.address;
    assert.match(
      String(await ping(alice, instanceAt(port, { cluster: cluster.id }))),
      /^Unauthenticated no: .*a server of service "billing"/,
    );
    assert.match(String(await ping(alice, instanceAt(open.address.port))), /open, not used/);
    assert.match(
      String(await ping(alice, instanceAt(open.address.port, { cluster: cluster.id }))),
      /does not speak TLS/,
    );
    assert.match(
      String(await ping(alice, instanceAt(port, { cluster: "0123456789abcdef0123" }))),
      /of cluster 0123456789abcdef0123, and this machine's keys are of/,
    );
    assert.equal(open.stats().methods["ping"]?.calls, 0);
    assert.equal(server.stats().methods["ping"]?.calls, 0);
  } finally {
    await server.close();
    await open.close();
  }
});

Deno.test("a client without keys is told so, by the registry's word and by a server's", async () => {
  await using cluster = await TestCluster.create();
  const server = await serve(cluster, await cluster.member("server"));
  try {
    const { port } = server.address;
    assert.match(
      String(await ping(tcpTransport, instanceAt(port, { cluster: cluster.id }))),
      /^Unauthenticated no: .*wants keys: rpc keys join/,
    );
    assert.match(
      String(await ping(tcpTransport, instanceAt(port, { cluster: anyCluster }))),
      /it speaks TLS, since it wants keys: rpc keys join/,
    );
  } finally {
    await server.close();
  }
});

Deno.test("what a client says of itself in meta counts for nothing, and the server's word does (P-71)", async () => {
  await using cluster = await TestCluster.create();
  const whoami = defineProcedure(
    { input: z.tuple([]), output: z.string(), kind: "inline" },
    (_input, { caller }) => caller ?? "nobody",
  );
  const server = await serve(cluster, await cluster.member("server"), { procedures: { whoami } });
  const open = RpcServer.listen({
    host: "127.0.0.1",
    port: 0,
    procedures: { whoami },
    service: "rpc",
    version: "1",
    clock: systemClock,
    log: silentLogger,
  });
  try {
    const alice = tlsTransport(cluster.ring(await cluster.member("alice")));
    const instance = instanceAt(server.address.port, { cluster: cluster.id });
    assert.equal(await ping(alice, instance, "whoami"), "alice");

    const connection = await Deno.connect({ hostname: open.address.host, port: open.address.port });
    const forged = { jsonrpc: "2.0", id: 1, method: "whoami", meta: { caller: "root" } };
    await connection.write(new TextEncoder().encode(`${JSON.stringify(forged)}\n`));
    const buffer = new Uint8Array(1_024);
    const length = await connection.read(buffer) ?? 0;
    assert.match(new TextDecoder().decode(buffer.subarray(0, length)), /"result":"nobody"/);
    connection.close();
  } finally {
    await server.close();
    await open.close();
  }
});

Deno.test("a procedure for some callers is denied to others, and to all where nobody is known (P-69)", async () => {
  await using cluster = await TestCluster.create();
  const secret = defineProcedure(
    { input: z.tuple([]), output: z.string(), kind: "inline", callers: ["alice", "win-*"] },
    () => "s",
  );
  const server = await serve(cluster, await cluster.member("server"), { procedures: { secret } });
  const open = RpcServer.listen({
    host: "127.0.0.1",
    port: 0,
    procedures: { secret },
    service: "rpc",
    version: "1",
    clock: systemClock,
    log: silentLogger,
  });
  try {
    const instance = instanceAt(server.address.port, { cluster: cluster.id });
    for (const [name, isAllowed] of [["alice", true], ["win-7", true], ["bob", false]] as const) {
      const transport = tlsTransport(cluster.ring(await cluster.member(name)));
      const answer = String(await ping(transport, instance, "secret"));
      assert.match(answer, isAllowed ? /^s$/ : /^PermissionDenied no: "bob" may not/, name);
    }
    assert.match(
      String(await ping(tcpTransport, instanceAt(open.address.port), "secret")),
      /^PermissionDenied no: .*rpc keys init/,
    );
  } finally {
    await server.close();
    await open.close();
  }
});

Deno.test("a new certificate is shown to the next connections, and takes no call of those before", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("server"));
  const clock = new VirtualClock(0, Date.now());
  const place = { host: "127.0.0.1", port: 0, clock: systemClock, log: silentLogger };
  const own = KeyRing.open(keys.directory, clock, silentLogger) as KeyRing;
  const server = RpcServer.listen({
    ...place,
    listener: await listenTls({ ...place, clock, keys: own }),
    procedures: builtin,
    service: "rpc",
    version: "1",
  });
  try {
    const alice = cluster.ring(await cluster.member("alice")).current();
    const instance = instanceAt(server.address.port, { cluster: cluster.id });
    const never = new AbortController().signal;
    const before = await connectGreeted(alice, instance, never);
    const renewed = await cluster.faulty({ toDays: 300 });
    cluster.write(renewed, keys.directory);
    await clock.advanceAsync(3_000);
    const after = await connectGreeted(alice, instance, never);
    assert.ok((after.validToMs ?? 0) - Date.now() < 301 * 86_400_000);
    assert.notEqual(before.validToMs, after.validToMs);
    for (const { duplex } of [before, after]) {
      await duplex.write(new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"ping"}\n'));
      const buffer = new Uint8Array(1_024);
      const length = await duplex.read(buffer) ?? 0;
      assert.match(new TextDecoder().decode(buffer.subarray(0, length)), /"pong"/);
      duplex.close();
    }
  } finally {
    await server.close();
  }
});
