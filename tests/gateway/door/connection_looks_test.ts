import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/log.ts";
import { Connections } from "../../../src/gateway/door/connections.ts";
import {
  gatewayHeldInputBytes,
  gatewayIdleConnectionsMax,
  gatewayIdleLookMs,
  gatewayLateMs,
  gatewayUnfinishedBytesMax,
  gatewayUnfinishedLookMs,
} from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

const messageBytesMax = 4 * 1024 * 1024;

/** A connection of which nothing was read. */
const unread = { descriptor: 0, readBytes: 0, isEnded: false };

type ConnectionsOptions = ConstructorParameters<typeof Connections>[0];

/** Connections whose sockets are what a test says. */
function connectionsWith(
  sockets: Partial<NonNullable<ConnectionsOptions["sockets"]>>,
  fields: Partial<ConnectionsOptions> = {},
) {
  return new Connections({
    ...{ port: () => 1, messageBytesMax, clock: new VirtualClock(), log: silentLogger },
    ...{ late() {}, turn() {} },
    ...fields,
    sockets: {
      descriptors: () => Promise.resolve([]),
      at: () => undefined,
      prepare() {},
      keep: () => undefined,
      endInput: () => assert.fail("It is used"),
      end: () => assert.fail("It has sent nothing"),
      close() {},
      ...sockets,
    },
  });
}

Deno.test("of too many connections without a request those end that have had none for longest", async () => {
  const clock = new VirtualClock();
  const ended: string[] = [];
  const peers = Array.from({ length: gatewayIdleConnectionsMax + 2 }, (_, i) => `127.0.0.1:${i}`);
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([...peers.keys()]),
    at: (descriptor) => ({ ...unread, descriptor, peer: peers[descriptor] as string }),
    endInput: ({ peer }) => void ended.push(peer),
  }, { clock });
  try {
    for (const peer of peers) connections.of(peer);
    clock.advance(1);
    for (const peer of peers.slice(0, 5)) connections.of(peer).begin();
    for (const peer of peers.slice(0, 5)) connections.of(peer).end();
    connections.of(peers[5] as string).begin();
    await waitFor("the look", () => {
      if (ended.length === 0) clock.advance(gatewayIdleLookMs);
      return ended.length > 0;
    });
    assert.deepEqual(ended, [peers[6]]);
  } finally {
    connections.close();
  }
});

Deno.test("what came without an end is counted from each last message on, and what is most is ended", async () => {
  const clock = new VirtualClock(1_000);
  const readBytes = { a: 0, b: 0, c: 0, d: 0 };
  const peers = Object.keys(readBytes) as (keyof typeof readBytes)[];
  const ended: string[] = [];
  const bytesMax = 4 * gatewayUnfinishedBytesMax;
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([0, 1, 2, 3]),
    at(descriptor) {
      const peer = peers[descriptor]!;
      return { ...unread, descriptor, peer, readBytes: readBytes[peer] };
    },
    end: ({ peer }) => void ended.push(peer),
  }, { clock, messageBytesMax: gatewayUnfinishedBytesMax });
  const look = () => clock.advanceAsync(gatewayUnfinishedLookMs);
  try {
    for (const peer of peers) connections.of(peer).begin();
    await look();
    // As much as may be.
    Object.assign(readBytes, { a: bytesMax / 4, b: bytesMax / 2, c: bytesMax / 4 });
    await look();
    assert.deepEqual(ended, []);
    readBytes.d = 1;
    await look();
    assert.deepEqual(ended, ["b"]);
    // The runtime has not closed it yet. What one has sent was a message, after all.
    Object.assign(readBytes, { a: bytesMax / 2, d: bytesMax / 4 });
    connections.of("c").message();
    await look();
    assert.deepEqual(ended, ["b"]);
    readBytes.c += bytesMax / 4 + 1;
    connections.of("d").begin();
    await look();
    assert.deepEqual(ended, ["b"]);
    readBytes.d += bytesMax / 4;
    await look();
    assert.deepEqual(ended, ["b", "a"]);
    // Another connection from the same port.
    readBytes.c = 0;
    await look();
    readBytes.c = 3 * bytesMax / 4 + 1;
    await look();
    assert.deepEqual(ended, ["b", "a", "c"]);
  } finally {
    connections.close();
  }
});

Deno.test("it is told when a look comes late, and of each request and message", async () => {
  const clock = new VirtualClock(1_000);
  const told: string[] = [];
  let lateMs = 0;
  const connections = connectionsWith({}, {
    clock: {
      now: () => clock.now() + lateMs,
      wallTimeMs: () => clock.wallTimeMs(),
      after: (delayMs, callback) => clock.after(delayMs, callback),
      every: (periodMs, callback) => clock.every(periodMs, callback),
    },
    late: () => void told.push("late"),
    turn: () => void told.push("turn"),
  });
  try {
    await clock.advanceAsync(10 * gatewayUnfinishedLookMs);
    lateMs = gatewayLateMs;
    await clock.advanceAsync(gatewayUnfinishedLookMs);
    assert.deepEqual(told, []);
    lateMs += gatewayLateMs + 1;
    await clock.advanceAsync(gatewayUnfinishedLookMs);
    assert.deepEqual(told, ["late"]);
    connections.of("a").begin();
    connections.of("a").message();
    connections.of("a").end();
    assert.deepEqual(told, ["late", "turn", "turn"]);
  } finally {
    connections.close();
  }
});

Deno.test("who waits for a peer to go is told once, when it has ended or is not there any more", async () => {
  const clock = new VirtualClock(1_000);
  const told: string[] = [];
  const sockets = new Map(["a", "b", "c"].map((peer) => [peer, { ...unread, peer }]));
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([0, 1, 2]),
    at: (descriptor) => [...sockets.values()][descriptor],
  }, { clock });
  const look = () => clock.advanceAsync(gatewayUnfinishedLookMs);
  try {
    for (const peer of sockets.keys()) {
      connections.of(peer).begin();
      connections.of(peer).onLeft(() => told.push(peer));
    }
    connections.of("a").onLeft(() => told.push("again"))();
    await look();
    assert.deepEqual(told, []);
    sockets.set("b", { ...sockets.get("b")!, isEnded: true });
    await look();
    assert.deepEqual(told, ["b"]);
    sockets.delete("a");
    await look();
    await look();
    assert.deepEqual(told, ["b", "a"]);
  } finally {
    connections.close();
  }
});

Deno.test("a connection to linger is kept until it is let go, and all are when no more is looked", () => {
  const kept: string[] = [];
  const letGo: string[] = [];
  const connections = connectionsWith({
    keep(peer, port) {
      kept.push(`${peer} at ${port}`);
      return peer === "none" ? undefined : () => letGo.push(peer);
    },
    close: () => void letGo.push("the library"),
  }, { port: () => 7 });
  connections.of("none").linger()();
  connections.of("a").linger();
  const end = connections.of("b").linger();
  connections.of("c").linger();
  assert.deepEqual(kept, ["none at 7", "a at 7", "b at 7", "c at 7"]);
  end();
  assert.deepEqual(letGo, ["b"]);
  connections.endLingering();
  assert.deepEqual(letGo, ["b", "a", "c"]);
  connections.of("d").linger();
  connections.close();
  assert.deepEqual(letGo.slice(3), ["d", "the library"]);
  connections.of("e").linger()();
  assert.equal(kept.length, 5, "the library is closed");
});

Deno.test("connections are looked at again after the system had no handle left to show them", async () => {
  const clock = new VirtualClock();
  const ended: string[] = [];
  let asked = 0;
  const connections = connectionsWith({
    descriptors: () =>
      ++asked === 1 ? Promise.reject(new Error("Too many open files")) : Promise.resolve([1]),
    at: (descriptor) => ({ ...unread, descriptor, peer: "127.0.0.1:1" }),
    endInput: ({ peer }) => void ended.push(peer),
  }, { clock });
  try {
    await waitFor("the end of the idle one", () => {
      clock.advance(gatewayIdleLookMs);
      return ended.length > 0;
    });
    assert.deepEqual([ended[0], asked > 1], ["127.0.0.1:1", true]);
  } finally {
    connections.close();
  }
});

Deno.test("each listener is prepared, and little is held of connections from the same machine", async () => {
  const held: unknown[] = [];
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([5]),
    prepare: (...args) => void held.push(args),
  });
  try {
    for (const hostname of ["0.0.0.0", "::", "192.168.0.211"]) {
      await connections.listens({ hostname, port: 8080 });
    }
    assert.deepEqual(held.splice(0), Array.from({ length: 3 }, () => [5, 8080, undefined]));
    await connections.listens({ hostname: "127.0.0.1", port: 8080 });
    await connections.listens({ hostname: "::1", port: 8081 });
    assert.deepEqual(held, [[5, 8080, gatewayHeldInputBytes], [5, 8081, gatewayHeldInputBytes]]);
  } finally {
    connections.close();
  }
});
