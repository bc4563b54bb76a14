import assert from "node:assert/strict";
import { Budget } from "../../../src/base/bounds/budget.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import type { Calls } from "../../../src/gateway/calls/calls.ts";
import { SocketSession } from "../../../src/gateway/calls/web_socket.ts";
import { boundOfGateway } from "../../../src/wire/message_bound.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** A WebSocket's end whose peer reads when the test says so. */
class Peer extends EventTarget {
  readyState: number = WebSocket.OPEN;
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  closedWith: string | undefined;

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.bufferedAmount += (data as string).length;
  }

  close(_code?: number, reason?: string): void {
    this.readyState = WebSocket.CLOSING;
    this.closedWith = reason;
  }

  ask(): Promise<void> {
    const data = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "text" });
    this.dispatchEvent(new MessageEvent("message", { data }));
    return settled();
  }
}

Deno.test("peers that each leave little unread are bounded together, and who reads nothing is closed first", async () => {
  const clock = new VirtualClock();
  const length = 100_000;
  const count = 20;
  const unread = new Budget(length * count * 1.5, clock);
  const report = { result: "x".repeat(length) } as CallReport;
  const calls = { call: () => Promise.resolve(report) } as unknown as Calls;
  const peers = Array.from({ length: count }, () => new Peer());
  for (const peer of peers) {
    new SocketSession(peer, { calls, clock, bound: boundOfGateway(), unread }, {});
    await peer.ask();
  }
  const [reading, ...silent] = peers as [Peer, ...Peer[]];
  clock.advance(1_000);
  for (const peer of silent) {
    reading.bufferedAmount = 0;
    await reading.ask();
    await peer.ask();
  }
  const closed = silent.filter(({ closedWith }) => closedWith !== undefined);
  assert.ok(closed.length > 0);
  assert.equal(reading.closedWith, undefined);
  assert.match(closed[0]?.closedWith ?? "", /unread/);
  const held = peers.filter((peer) => !closed.includes(peer))
    .reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
  assert.ok(held <= length * count * 1.5 + length, `${held}`);
});
