/**
 * Who gets past TLS with certificates on both sides. It stands on what Deno makes of Node's TLS,
 * which once had `authorized` wrong: these must stay refused on each upgrade.
 */

import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { systemClock } from "../../../src/base/clock.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { Caller } from "../../../src/keys/caller.ts";
import { KeyRing } from "../../../src/keys/key_ring.ts";
import { clusterName } from "../../../src/keys/names.ts";
import { parseRights } from "../../../src/keys/rights.ts";
import { connectTls } from "../../../src/keys/tls/connect.ts";
import { TlsListener } from "../../../src/keys/tls/listener.ts";
import { impostorsOf, listenAs } from "../../support/impostors.ts";
import { noPython, python } from "../../support/python.ts";
import { skippedIf } from "../../support/skipped_if.ts";
import { type Pair, TestCluster } from "../../support/test_pki.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const never = new AbortController().signal;

async function listen(keys: KeyRing): Promise<TlsListener> {
  return await TlsListener.listen({
    host: "127.0.0.1",
    port: 0,
    keys,
    clock: systemClock,
    log: silentLogger,
    answerToPlain: () => "",
  });
}

/** Who the listener takes a client for that has this certificate. */
async function callerWith(
  listener: TlsListener,
  cluster: TestCluster,
  pair: Partial<Pair>,
): Promise<Caller | RpcError> {
  const socket = tls.connect({
    host: "127.0.0.1",
    port: listener.addr.port,
    servername: clusterName(cluster.id),
    ca: [cluster.ca.certificate],
    ...(pair.certificate === undefined ? {} : { cert: pair.certificate, key: pair.privateKey }),
  } as tls.ConnectionOptions);
  socket.on("error", () => {});
  try {
    const { caller, connection } = await within("a connection", listener.accept());
    connection.close();
    return caller;
  } finally {
    socket.destroy();
  }
}

Deno.test("a member of the cluster is taken for who it is, and others are refused (P-66)", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const listener = await listen(cluster.ring(await cluster.member("server")));
  try {
    const alice = await cluster.member("alice", parseRights("read,call:fib*"));
    const caller = await callerWith(listener, cluster, alice);
    assert.ok(!(caller instanceof RpcError) && caller !== undefined);
    assert.deepEqual([caller.name, caller.cluster], ["alice", cluster.id]);
    assert.deepEqual(caller.rights, parseRights("read,call:fib*"));

    // Another authority that calls itself as ours does.
    const impostor: Pair = { certificate: cluster.ca.certificate, privateKey: other.ca.privateKey };
    const forged = await cluster.faulty({ signer: alice, name: "forged" });
    const lower = await cluster.faulty({ name: "lower", isAuthority: true });
    const below = await cluster.faulty({ signer: lower, name: "below" });
    const refused: readonly (readonly [kind: string, pair: Partial<Pair>, says: RegExp])[] = [
      ["no certificate", {}, /none were shown: rpc keys join/],
      ["another cluster's", await other.member("alice"), /"alice" is not one of a caller/],
      ["another key, the same name", await cluster.faulty({ signer: impostor }), /is not one/],
      ["expired", await cluster.faulty({ fromDays: -20, toDays: -10 }), /expired on .*keys renew/],
      ["not yet valid", await cluster.faulty({ fromDays: 10 }), /begins on .*clock/],
      ["a server's usage alone", await cluster.faulty({ usages: ["server"] }), /is not one/],
      ["signed by a member", forged, /"forged" is not one/],
      [
        "signed by a member, who comes along",
        { ...forged, certificate: forged.certificate + alice.certificate },
        /"forged" is not one/,
      ],
      ["signed by itself", await cluster.faulty({ selfSigned: true }), /is not one/],
      [
        "signed by an authority in between, which comes along",
        { ...below, certificate: below.certificate + lower.certificate },
        /"below" is not one/,
      ],
      [
        "with another cluster's name",
        await cluster.faulty({ dns: [clusterName(other.id)] }),
        /"alice" is not one/,
      ],
      ["without a name", await cluster.faulty({ subject: "O=alice" }), /"" is not one/],
      ["without a subject", await cluster.faulty({ subject: "" }), /"" is not one/],
      ["with two names", await cluster.faulty({ subject: "CN=alice, CN=server" }), /"" is not one/],
    ];
    for (const [kind, pair, says] of refused) {
      const error = await callerWith(listener, cluster, pair);
      assert.ok(error instanceof RpcError, kind);
      assert.equal(error.name, "Unauthenticated", kind);
      assert.match(error.message, says, kind);
    }

    // It is in the cluster, and may do nothing there: the gate refuses who has no rights.
    const ca = await callerWith(listener, cluster, cluster.ca);
    assert.ok(ca instanceof RpcError || !ca.rights.read);
  } finally {
    listener.close();
  }
});

/** Connects twice with a certificate, the second time with the session of the first. */
const resuming = `
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.load_cert_chain(*sys.argv[2:])
session = None
for _ in range(2):
    raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    with context.wrap_socket(raw, session=session) as connection:
        connection.recv(1)
        session = connection.session
        print("resumed" if connection.session_reused else "new")
`;

Deno.test({
  ...skippedIf(noPython, "who is refused gets in by no session that is resumed (P-66)"),
  async fn() {
    await using cluster = await TestCluster.create();
    const listener = await listen(cluster.ring(await cluster.member("server")));
    using connections = new DisposableStack();
    const pairs: readonly (readonly [kind: string, pair: Pair, isTaken: boolean])[] = [
      ["a member", await cluster.member("alice"), true],
      ["a server's usage alone", await cluster.faulty({ usages: ["server"] }), false],
      ["an authority in between", await cluster.faulty({ isAuthority: true }), false],
      ["expired", await cluster.faulty({ fromDays: -20, toDays: -10 }), false],
      ["signed by itself", await cluster.faulty({ selfSigned: true }), false],
    ];
    try {
      for (const [kind, pair, isTaken] of pairs) {
        const files = cluster.write(pair);
        const client = new Deno.Command(python as string, {
          args: [
            ...["-c", resuming, `${listener.addr.port}`],
            ...[`${files}/machine.crt`, `${files}/machine.key`],
          ],
        }).output();
        for (let i = 0; i < 2; i++) {
          const { caller, connection } = await within("a connection", listener.accept());
          await connection.write(new Uint8Array(1));
          connections.defer(() => connection.close());
          assert.equal(!(caller instanceof RpcError), isTaken, `${kind}, ${i}`);
        }
        const { stdout } = await client;
        assert.deepEqual(new TextDecoder().decode(stdout).trim().split(/\s+/), ["new", "resumed"]);
      }
    } finally {
      listener.close();
    }
  },
});

Deno.test("a client takes no impostor for a server of its cluster (P-66)", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("alice")).current();
  // They end together, since a port that another one gets would be taken for the same server.
  using servers = new DisposableStack();
  for (const { kind, pair, says } of await impostorsOf(cluster, other)) {
    const server = servers.use(await listenAs(pair));
    const attempt = connectTls({ host: "127.0.0.1", port: server.port }, keys, never);
    if (says === undefined) (await attempt).connection.close();
    else await assert.rejects(attempt, says, kind);
  }
});

Deno.test("a server that is refused again and again is looked at until it shows what is wrong", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("alice")).current();
  using server = await listenAs(await cluster.faulty({ fromDays: -20, toDays: -10 }));
  let count = 0;
  // Counts connections on their way. The second one, which is to look, is lost.
  const between = net.createServer((client) => {
    if (++count === 2) {
      client.destroy();
      return;
    }
    const onward = net.connect({ host: "127.0.0.1", port: server.port });
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const { port } = between.address() as net.AddressInfo;
  try {
    for (const says of [/no good certificate/, /has expired on/, /has expired on/]) {
      await assert.rejects(connectTls({ host: "127.0.0.1", port }, keys, never), says);
    }
    assert.equal(count, 3 + 2);
  } finally {
    between.close();
  }
});

Deno.test("a client whose clock is wrong, or whose keys have expired, says so and accuses nobody", async () => {
  await using cluster = await TestCluster.create();
  const cases: readonly (readonly [faults: Parameters<TestCluster["faulty"]>[0], says: RegExp])[] =
    [
      [
        { fromDays: 10 },
        /clock says \d{4}-\d\d-\d\d, and its keys begin on .*: is the clock wrong/,
      ],
      [{ fromDays: -20, toDays: -10 }, /keys have expired on .*: rpc keys renew, or is the clock/],
    ];
  for (const [faults, says] of cases) {
    const pair = await cluster.faulty(faults);
    const server = tls.createServer(
      { cert: pair.certificate, key: pair.privateKey } as tls.TlsOptions,
    );
    server.on("tlsClientError", (_error: Error, socket: tls.TLSSocket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as { port: number };
    try {
      const keys = cluster.ring(await cluster.faulty(faults)).current();
      await assert.rejects(connectTls({ host: "127.0.0.1", port }, keys, never), says);
    } finally {
      server.close();
    }
  }
});

Deno.test("a client says so when there is no TLS, or nobody, where it connects", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("alice")).current();
  const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = plain.addr;
  const served = (async () => {
    for await (const connection of plain) {
      await connection.write(new TextEncoder().encode('{"jsonrpc":"2.0","id":null}\n'));
      connection.close();
    }
  })();
  await assert.rejects(connectTls({ host: "127.0.0.1", port }, keys, never), /does not speak TLS/);
  plain.close();
  await served;
  await assert.rejects(connectTls({ host: "127.0.0.1", port }, keys, never), /refused/i);
  const aborted = AbortSignal.abort(new Error("given up"));
  await assert.rejects(connectTls({ host: "127.0.0.1", port }, keys, aborted), /given up/);
});

Deno.test("who is in the middle of a handshake when the server gets keys of another cluster is refused", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const [before, after] = [await cluster.member("server"), await other.member("server")];
  const directory = cluster.write(before);
  const keys = KeyRing.open(directory, systemClock, silentLogger);
  assert.ok(keys);
  const listener = await listen(keys);
  const { port } = listener.addr;
  // Between the two, what the thief sends after its first bytes waits.
  const held: Uint8Array[] = [];
  let letGo = () => {};
  const between = net.createServer((thief) => {
    const server = net.connect({ host: "127.0.0.1", port });
    server.pipe(thief);
    thief.on("error", () => {});
    server.on("error", () => {});
    thief.once("data", (first) => {
      server.write(first);
      thief.on("data", (bytes) => held.push(bytes));
    });
    letGo = () => {
      thief.pipe(server);
      for (const bytes of held.splice(0)) server.write(bytes);
    };
  });
  await new Promise<void>((resolve) => between.listen(0, "127.0.0.1", resolve));
  const member = await cluster.member("thief");
  const thief = tls.connect({
    ...{ host: "127.0.0.1", port: (between.address() as net.AddressInfo).port },
    ...{ servername: clusterName(cluster.id), ca: [cluster.ca.certificate] },
    ...{ cert: member.certificate, key: member.privateKey },
  } as tls.ConnectionOptions);
  thief.on("error", () => {});
  try {
    await waitFor("the thief's certificate", () => held.length > 0);
    other.write(after, directory);
    await waitFor("the new keys", () => listener.cluster === other.id);
    letGo();
    const { caller, connection } = await within("a connection", listener.accept());
    connection.close();
    assert.ok(caller instanceof RpcError);
    assert.match(caller.message, new RegExp(`not one of a caller of cluster ${other.id}`));
  } finally {
    thief.destroy();
    between.close();
    listener.close();
  }
});
