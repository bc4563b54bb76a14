import assert from "node:assert/strict";
import { BriefPeers } from "../../../src/base/bounds/brief_peers.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** Peers, and the names of those that were closed. */
function visitors(max: number) {
  const clock = new VirtualClock();
  const peers = new BriefPeers({ max, timeoutMs: 1_000, clock });
  const closed: string[] = [];
  const come = (hostname: string, port: number) => {
    const remoteAddr = { transport: "tcp", hostname, port } as const;
    const peer = { remoteAddr, close: () => void closed.push(`${hostname}:${port}`) };
    peers.add(peer);
    return peer;
  };
  return { clock, peers, closed, come };
}

Deno.test("of too many peers the first of the address that has most goes, so one cannot drive others out", () => {
  const { closed, come } = visitors(4);
  come("192.168.0.7", 1);
  for (let port = 1; port <= 6; port++) come("192.168.0.100", port);
  assert.deepEqual(closed, ["192.168.0.100:1", "192.168.0.100:2", "192.168.0.100:3"]);
  // All addresses of one site are one party's.
  for (let port = 1; port <= 2; port++) come(`2001:db8::${port}`, port);
  assert.deepEqual(closed.slice(3), ["192.168.0.100:4", "192.168.0.100:5"]);
});

Deno.test("of this machine each peer is a party of its own, and the first one goes", () => {
  const { closed, come } = visitors(2);
  for (let port = 1; port <= 4; port++) come("127.0.0.1", port);
  assert.deepEqual(closed, ["127.0.0.1:1", "127.0.0.1:2"]);
});

Deno.test("a peer has its time, also one that is kept from those who come, and is closed once", async () => {
  const { clock, peers, closed, come } = visitors(1);
  const first = come("192.168.0.7", 1);
  peers.keep(first);
  come("192.168.0.7", 2);
  assert.deepEqual(closed, []);
  come("192.168.0.7", 3);
  assert.deepEqual(closed, ["192.168.0.7:2"]);
  await clock.advanceAsync(999);
  assert.equal(closed.length, 1);
  await clock.advanceAsync(1);
  assert.deepEqual(closed.toSorted(), ["192.168.0.7:1", "192.168.0.7:2", "192.168.0.7:3"]);
  peers.closeAll();
  assert.equal(closed.length, 3);
  peers.keep(come("192.168.0.7", 4));
  come("192.168.0.7", 5);
  peers.closeAll();
  assert.deepEqual(closed.slice(3).toSorted(), ["192.168.0.7:4", "192.168.0.7:5"]);
  assert.equal(clock.pendingTimers, 0);
});
