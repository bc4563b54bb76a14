import assert from "node:assert/strict";
import { JuteWriter } from "../../src/zookeeper/jute.ts";
import { Opcode, Xid } from "../../src/zookeeper/protocol.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { newClient, withCode } from "./client_fixture.ts";
import { type ScriptedRequest, ScriptedServer, writeEmptyStat } from "./scripted_server.ts";

const noNode = -101;
const unimplemented = -6;

Deno.test("a server of another protocol is told as no ZooKeeper, and not as too long frames", async () => {
  for (
    const [answer, told] of [
      ["HTTP/1.1 400 Bad Request\r\n\r\n", /speaks HTTP and is no ZooKeeper/],
      ["SSH-2.0-OpenSSH_9.6\r\n", /speaks SSH and is no ZooKeeper/],
      ['{"jsonrpc":"2.0","id":null}\n', /speaks another protocol and is no ZooKeeper/],
      ["-ERR unknown command\r\n", /speaks another protocol and is no ZooKeeper/],
    ] as const
  ) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      for await (const peer of listener) {
        await peer.write(new TextEncoder().encode(answer)).catch(() => {});
        peer.close();
      }
    })();
    await using fixture = newClient(`127.0.0.1:${listener.addr.port}`);
    const connecting = fixture.client.connect(60_000).catch(() => {});
    await waitFor("a failure", () => fixture.connectFailures.length > 0);
    assert.match(fixture.connectFailures[0]?.message ?? "", told);
    await fixture.client.close();
    await connecting;
    listener.close();
    await served;
  }
});

Deno.test("a server that takes only clients with a login is told as such", async () => {
  await using server = new ScriptedServer({ onRequest: (request) => request.reply(-124) });
  await using fixture = newClient(server.connectString);
  await fixture.client.connect(60_000);
  await assert.rejects(fixture.client.exists("/a"), /SASL_REQUIRED: it serves only .+ log in$/);
});

Deno.test("ensurePath() makes persistent nodes where the server knows no containers", async () => {
  await using server = new ScriptedServer({
    onRequest(request) {
      if (request.opcode === Opcode.exists) request.reply(noNode);
      else if (request.opcode === Opcode.createContainer) request.reply(unimplemented);
      else request.reply(0, (writer) => writer.string("/"));
    },
  });
  await using fixture = newClient(server.connectString);
  await fixture.client.connect(60_000);
  await fixture.client.ensurePath("/a/b");
  assert.deepEqual(server.requests.map((request) => request.opcode), [
    ...[Opcode.exists, Opcode.exists],
    ...[Opcode.createContainer, Opcode.create, Opcode.create],
  ]);
});

Deno.test("ensurePath() asks for all nodes of a path before the first answer", async () => {
  const asked: ScriptedRequest[] = [];
  await using server = new ScriptedServer({
    onRequest(request) {
      asked.push(request);
      if (asked.length === 3) { for (const one of asked) one.reply(0, writeEmptyStat); }
    },
  });
  await using fixture = newClient(server.connectString);
  await fixture.client.connect(60_000);
  await within("the path", fixture.client.ensurePath("/a/b/c"));
  assert.deepEqual(asked.map(({ opcode }) => opcode), Array(3).fill(Opcode.exists));
});

Deno.test("credentials come first on every connection, then watches, then what waited", async () => {
  await using server = new ScriptedServer({
    onRequest(request) {
      if (request.opcode === Opcode.delete && request.connection === 1) request.hangUp();
      else if (request.opcode === Opcode.exists) request.reply(0, writeEmptyStat);
      else request.reply();
    },
  });
  await using fixture = newClient(server.connectString, {
    auth: [{ scheme: "digest", credentials: "a:b" }, { scheme: "digest", credentials: "c:d" }],
  });
  const { client } = fixture;
  const early = client.exists("/a", () => {});
  await client.connect(60_000);
  await early;
  await assert.rejects(client.delete("/a"), withCode("CONNECTION_LOSS"));
  await client.delete("/b");
  const opcodes = (connection: number) =>
    server.requests.filter((r) => r.connection === connection).map((r) => r.opcode);
  assert.deepEqual(opcodes(1), [Opcode.auth, Opcode.auth, Opcode.exists, Opcode.delete]);
  assert.deepEqual(opcodes(2), [Opcode.auth, Opcode.auth, Opcode.setWatches, Opcode.delete]);
});

Deno.test("watches are set again in requests of at most 128 KiB of paths", async () => {
  await using server = new ScriptedServer({
    onRequest: (request) => {
      if (request.opcode === Opcode.exists) request.reply(noNode);
      else if (request.opcode === Opcode.delete && request.connection === 1) request.hangUp();
      else request.reply();
    },
  });
  await using fixture = newClient(server.connectString);
  const { client } = fixture;
  await client.connect(60_000);
  const paths = Array.from({ length: 500 }, (_, i) => `/${"x".repeat(900)}${i}`);
  await Promise.all(paths.map((path) => client.exists(path, () => {})));
  await assert.rejects(client.delete("/a"), withCode("CONNECTION_LOSS"));
  await client.delete("/a");
  const sizes = server.requests.filter((r) => r.opcode === Opcode.setWatches).map((r) => r.bytes);
  assert.ok(sizes.length > 1 && sizes.every((bytes) => bytes <= 128 * 1024 + 28), `${sizes}`);
  assert.ok(sizes.reduce((sum, bytes) => sum + bytes) > 500 * 900);
});

const malformed: [string, (xid: number) => Uint8Array, string][] = [
  [
    "ends too soon",
    (xid) => new JuteWriter().int(xid).long(1n).int(0).int(5).frame(),
    "MARSHALLING_ERROR",
  ],
  ["has no header", () => Uint8Array.of(0, 0, 0, 2, 1, 1), "CONNECTION_LOSS"],
  [
    "belongs to no request",
    () => new JuteWriter().int(999).long(1n).int(0).frame(),
    "CONNECTION_LOSS",
  ],
  ["has a negative length", () => Uint8Array.of(0x80, 0, 0, 0), "CONNECTION_LOSS"],
  ["is longer than the bound", () => Uint8Array.of(0x7f, 0, 0, 0), "FRAME_TOO_LARGE"],
  [
    "is an event of an unknown type",
    () =>
      new JuteWriter().int(Xid.notification).long(-1n).int(0).int(77).int(3).string("/").frame(),
    "CONNECTION_LOSS",
  ],
];

for (const [what, bytes, code] of malformed) {
  Deno.test(`an answer that ${what} fails its operation, and the client connects anew`, async () => {
    await using server = new ScriptedServer({
      onRequest: (request) => {
        if (request.connection === 1) request.send(bytes(request.xid));
        else request.reply(noNode);
      },
    });
    await using fixture = newClient(server.connectString);
    const { client } = fixture;
    await client.connect(60_000);
    await assert.rejects(client.getData("/a"), { name: "ZooKeeperError", code });
    await fixture.reached("connected", 2);
    assert.equal(await client.exists("/a"), undefined);
    assert.deepEqual(fixture.states, ["connected", "suspended", "connected"]);
  });
}

Deno.test("a server of another kind is reported as unreachable", async () => {
  await using server = new ScriptedServer({ sessionTimeoutMs: 4_000 });
  using http = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    for await (const socket of http) {
      await socket.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      socket.close();
    }
  })().catch(() => {});
  await using fixture = newClient(`127.0.0.1:${http.addr.port},${server.connectString}`, {
    random: () => 0.99, // Keeps the members in order.
  });
  await fixture.client.connect(60_000);
  assert.equal(server.connections, 1);
  http.close();
  await answering;
});

Deno.test("a server that ends each connection at once is not hammered", async () => {
  const clock = new VirtualClock();
  await using server = new ScriptedServer({ onRequest: (request) => request.hangUp() });
  await using fixture = newClient(server.connectString, {
    clock,
    auth: [{ scheme: "digest", credentials: "a:b" }],
  });
  fixture.client.connect(5_000).catch(() => {});
  for (let round = 1; round <= 5; round++) {
    await fixture.reached("suspended", round);
    assert.equal(server.connections, round);
    // The wait for the next attempt: without it there would be a connection a millisecond.
    await waitFor("a wait", () => clock.nextDueMs !== undefined);
    clock.advance(2_000);
  }
});

Deno.test("connect() does not tell a failure from before the last connection", async () => {
  const clock = new VirtualClock();
  await using server = new ScriptedServer({
    accepts: (connection) => connection === 2,
    onRequest: (request) => request.hangUp(),
  });
  await using fixture = newClient(server.connectString, { clock });
  const { client } = fixture;
  const connecting = client.connect(60_000);
  await waitFor("a failure", () => fixture.connectFailures.length === 1);
  await waitFor("the wait after it", () => clock.pendingTimers === 2);
  clock.advance(2_000);
  await connecting;
  await assert.rejects(client.exists("/"), withCode("CONNECTION_LOSS"));
  const message = `Cannot connect to ZooKeeper at ${server.connectString} within 0 ms`;
  const again = assert.rejects(client.connect(0), { message });
  clock.advance(0);
  await again;
});

Deno.test("a session that every member hangs up on is given up when its time is over, not before", async () => {
  const clock = new VirtualClock();
  await using server = new ScriptedServer({
    accepts: (connection) => connection !== 2 && connection < 4,
    onRequest: (request) => request.hangUp(),
  });
  await using fixture = newClient(server.connectString, { clock });
  const { client } = fixture;
  const connecting = client.connect(60_000);
  await fixture.reached("connected");
  await connecting;
  await assert.rejects(client.exists("/"), withCode("CONNECTION_LOSS"));
  // One hang-up is what a member that starts does, maybe after long: the session is kept.
  await waitFor("the wait after the loss", () => clock.nextDueMs !== undefined);
  clock.advance(10_000);
  await waitFor("a hang-up", () => fixture.connectFailures.length === 1);
  clock.advance(2_000);
  await fixture.reached("connected", 2);
  assert.equal(fixture.states.includes("expired"), false);
  // From the fourth connection on it hangs up always.
  const lostAt = clock.now();
  await assert.rejects(client.exists("/"), withCode("CONNECTION_LOSS"));
  await fixture.reached("suspended", 2);
  for (let failures = 2; !fixture.states.includes("expired"); failures++) {
    clock.advance((clock.nextDueMs ?? Infinity) - clock.now());
    await waitFor("a hang-up", () => fixture.connectFailures.length === failures);
    assert.ok(clock.now() - lostAt < 60_000, "the session is never given up");
  }
  assert.ok(clock.now() - lostAt > 4_000, `given up after ${clock.now() - lostAt} ms`);
  assert.equal(client.sessionId, 0n);
});

const fixtures = new URL("./fixtures/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, fixtures));

Deno.test("a member can be reached over TLS, and must be who it claims to be", async () => {
  await using server = new ScriptedServer({
    tls: { cert: pem("server.pem"), key: pem("server.key") },
    onRequest: (request) => request.reply(noNode),
  });
  await using trusting = newClient(server.connectString, { tls: { caCerts: [pem("ca.pem")] } });
  await trusting.client.connect(60_000);
  assert.equal(await trusting.client.exists("/a"), undefined);
  const clock = new VirtualClock();
  await using doubting = newClient(server.connectString, { tls: {}, clock });
  const connecting = assert.rejects(doubting.client.connect(500), withCode("OPERATION_TIMEOUT"));
  await waitFor("an attempt", () => doubting.connectFailures.length > 0);
  clock.advance(500);
  await connecting;
  assert.match(doubting.connectFailures[0]?.message ?? "", /certificate/);
});

Deno.test("a member that never finishes the TLS handshake is given up", async () => {
  await using silent = frozenMember();
  const clock = new VirtualClock();
  await using fixture = newClient(silent.address, {
    tls: {},
    connectTimeoutMs: 200,
    clock,
  });
  const connecting = assert.rejects(fixture.client.connect(1_000), withCode("OPERATION_TIMEOUT"));
  await waitFor("a connection", () => silent.connections > 0);
  clock.advance(200);
  await waitFor("the attempt's end", () => fixture.connectFailures.length > 0);
  clock.advance(800);
  await connecting;
  assert.match(fixture.connectFailures[0]?.message ?? "", /no answer within 200 ms/);
  await within("close()", fixture.client.close());
});

/** A member that takes connections and never answers, as one that is frozen. */
function frozenMember() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sockets: Deno.Conn[] = [];
  const accepting = (async () => {
    for await (const socket of listener) sockets.push(socket);
  })().catch(() => {});
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    get connections() {
      return sockets.length;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const socket of sockets) socket.close();
    },
  };
}

// So that members are tried in the order in which they are written.
const random = () => 0.9;

Deno.test("a frozen first member is left in time for whoever waits two thirds of a connect timeout", async () => {
  await using frozen = frozenMember();
  await using server = new ScriptedServer();
  const clock = new VirtualClock();
  await using fixture = newClient(`${frozen.address},${server.connectString}`, {
    ...{ clock, random, connectTimeoutMs: 3_000 },
  });
  const connecting = fixture.client.connect(2_000);
  await waitFor("an attempt", () => frozen.connections === 1);
  clock.advance(1_999);
  await fixture.reached("connected");
  await connecting;
  assert.equal(server.connections, 1);
});

Deno.test("slow members that all were left early have the whole connect timeout in the next round", async () => {
  await using one = frozenMember();
  await using other = frozenMember();
  const clock = new VirtualClock();
  await using fixture = newClient(`${one.address},${other.address}`, {
    ...{ clock, random, connectTimeoutMs: 3_000 },
  });
  fixture.client.connect(60_000).catch(() => {});
  const members = [one, other];
  for (const [round, patienceMs] of [[1, 1_000], [2, 3_000]] as const) {
    for (const member of members) {
      await waitFor("an attempt", () => member.connections === round);
      clock.advance(patienceMs);
    }
    await waitFor("the end of the round", () => fixture.connectFailures.length === round);
    const { message } = fixture.connectFailures.at(-1) as Error;
    const told = members.map(({ address }) => `${address} (no answer within ${patienceMs} ms)`);
    assert.equal(message, `Cannot reach ZooKeeper at ${told.join(", ")}`);
    // The wait between rounds.
    await waitFor("a wait", () => clock.nextDueMs !== undefined);
    clock.advance(2_000);
  }
});
