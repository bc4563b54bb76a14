/** What a brief call with keys asks of a server: all that the client asks. */

import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../../src/base/limits.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { BegunCall } from "../../../../src/cli/call/brief/begun_call.ts";
import { Exchange } from "../../../../src/cli/call/brief/exchange.ts";
import { openKeyed } from "../../../../src/cli/call/brief/keyed.ts";
import { tcpTransport } from "../../../../src/client/transport.ts";
import { encodeInstance } from "../../../../src/discovery/instance_json.ts";
import { OwnRegistration } from "../../../../src/discovery/local/files.ts";
import { formatBundle } from "../../../../src/keys/bundle.ts";
import { readCertificate } from "../../../../src/keys/certificate.ts";
import { writeKeyFiles } from "../../../../src/keys/file_writing.ts";
import { keyFiles } from "../../../../src/keys/files.ts";
import { builtin } from "../../../../src/procedures/builtin.ts";
import { RpcServer } from "../../../../src/server/server.ts";
import { listenTls } from "../../../../src/server/tls_listener.ts";
import { instanceAt } from "../../../support/fake_discovery.ts";
import { impostorsOf, listenAs } from "../../../support/impostors.ts";
import { modeTest } from "../../../support/posix.ts";
import { RpcHome } from "../../../support/rpc_process.ts";
import { TestCluster } from "../../../support/test_pki.ts";

/** A server in this process, with keys or without. */
async function serve(service: string, cluster?: TestCluster): Promise<RpcServer> {
  const place = { host: "127.0.0.1", port: 0, clock: systemClock, log: silentLogger };
  const keys = cluster?.ring(await cluster.member("server"));
  return RpcServer.listen({
    ...place,
    ...(keys === undefined ? {} : { listener: await listenTls({ ...place, keys }) }),
    procedures: builtin,
    service,
    version: "1",
  });
}

Deno.test("a brief call takes no impostor for a server of its cluster, and none without TLS 1.3 (P-66)", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const keyed = openKeyed(cluster.write(await cluster.member("alice")));
  const impostors = await impostorsOf(cluster, other);
  // They end together, since a port that another one gets would be taken for the same server.
  using servers = new DisposableStack();
  for (const { kind, pair, says = /hung up on the greeting/ } of impostors) {
    const server = servers.use(await listenAs(pair, (socket) => socket.end()));
    await assert.rejects(
      keyed.connect(instanceAt(server.port, { cluster: cluster.id })),
      says,
      kind,
    );
  }
  using former = await listenAs(await cluster.member("server"), undefined, "TLSv1.2");
  await assert.rejects(keyed.connect(instanceAt(former.port, { cluster: cluster.id })), {
    name: "Unavailable",
    message: /speaks no TLS 1\.3/,
  });
});

Deno.test("a brief call is sent to no other service, no open server and no other cluster, whatever the registry says (P-66, P-67)", async () => {
  await using cluster = await TestCluster.create();
  const keyed = openKeyed(cluster.write(await cluster.member("alice")));
  const [billing, open] = [await serve("billing", cluster), await serve("rpc")];
  try {
    const lies = [
      [instanceAt(billing.address.port, { cluster: cluster.id }), /a server of service "billing"/],
      [instanceAt(open.address.port), /open, not used/],
      [instanceAt(open.address.port, { cluster: cluster.id }), /does not speak TLS/],
      [
        instanceAt(billing.address.port, { cluster: "0123456789abcdef0123" }),
        /of cluster 0123456789abcdef0123, and this machine's keys are of/,
      ],
    ] as const;
    for (const [instance, says] of lies) await assert.rejects(keyed.connect(instance), says);
  } finally {
    await billing.close();
    await open.close();
  }
});

/** Runs `rpc call ping` where the registry has this server. */
async function called(
  home: RpcHome,
  { port, cluster }: { readonly port: number; readonly cluster?: string },
) {
  const directory = `${home.directory}/registry/rpc`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const instance = instanceAt(port, { service: "rpc", cluster });
  const own = await OwnRegistration.publish(directory, (id) => encodeInstance(instance, id));
  try {
    return await home.run(["call", "ping", "--wait", "1s"]);
  } finally {
    await own.remove();
  }
}

const pings = (server: RpcServer) => server.stats().methods["ping"]?.calls;

Deno.test("rpc call with keys sends its call to nobody whom a lying registry names (P-66, P-67)", async () => {
  await using home = await RpcHome.create();
  await using cluster = await TestCluster.create();
  cluster.write(await cluster.member("alice"), `${home.directory}/config/rpc/keys`);
  const [ours, billing, open] = [
    await serve("rpc", cluster),
    await serve("billing", cluster),
    await serve("rpc"),
  ];
  try {
    const good = await called(home, { port: ours.address.port, cluster: cluster.id });
    assert.equal(good.stdout, '"pong"\n', good.stderr);
    const lies = [
      { port: billing.address.port, cluster: cluster.id },
      { port: open.address.port },
      { port: open.address.port, cluster: cluster.id },
      { port: ours.address.port, cluster: "0123456789abcdef0123" },
    ];
    for (const lie of lies) {
      const { code, stdout } = await called(home, lie);
      assert.deepEqual([code, stdout], [1, ""], JSON.stringify(lie));
    }
    assert.deepEqual([pings(ours), pings(billing), pings(open)], [1, 0, 0]);
  } finally {
    for (const server of [ours, billing, open]) await server.close();
  }
});

Deno.test("a brief call with keys is answered, and a client that takes it over knows when its certificates end", async () => {
  await using cluster = await TestCluster.create();
  const alice = await cluster.faulty({ toDays: 20 });
  const keyed = openKeyed(cluster.write(alice));
  const server = await serve("rpc", cluster);
  const ours = instanceAt(server.address.port, { cluster: cluster.id });
  const exchange = new Exchange(await keyed.connect(ours), new Promise(() => {}));
  try {
    assert.ok(await exchange.greet(messageMaxDefault));
    const request = { params: [], timeoutMs: 10_000, credit: 64 };
    assert.deepEqual(await exchange.call({ method: "ping", ...request }), { result: "pong" });
    const { soFar } = exchange;
    assert.ok(soFar !== undefined);
    const begun = new BegunCall(ours, soFar, 0).transport(tcpTransport);
    const { usableToMs, validToMs } = await begun.connect(ours, new AbortController().signal);
    assert.equal(usableToMs, readCertificate(alice.certificate).validToMs);
    assert.ok(validToMs !== undefined && validToMs > usableToMs);
  } finally {
    exchange.close();
    await server.close();
  }
});

Deno.test("a brief call takes the keys that are being written from the file that has all of them", async () => {
  await using former = await TestCluster.create();
  await using cluster = await TestCluster.create();
  const directory = former.write(await former.member("alice"));
  const pair = await cluster.member("alice");
  // The writer has come as far as the second file.
  writeKeyFiles(directory, {
    [keyFiles.pending]: formatBundle({ ...pair, authority: cluster.ca.certificate }),
    [keyFiles.machineKey]: pair.privateKey,
    [keyFiles.machine]: pair.certificate,
  });
  assert.equal(openKeyed(directory).cluster, cluster.id);
  Deno.removeSync(`${directory}/${keyFiles.pending}`);
  assert.throws(() => openKeyed(directory), /not made by the cluster/, "a mixture is of no use");
});

modeTest("a brief call uses no key that others can read", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alice"));
  Deno.chmodSync(`${directory}/${keyFiles.machineKey}`, 0o644);
  assert.throws(() => openKeyed(directory), /other users of this machine can read it.*chmod 600/);
});
