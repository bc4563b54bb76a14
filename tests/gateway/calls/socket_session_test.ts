import assert from "node:assert/strict";
import { Budget } from "../../../src/base/bounds/budget.ts";
import { wheelLingerMs, wheelTickMs } from "../../../src/base/deadline_wheel.ts";
import { RpcError } from "../../../src/base/errors.ts";
import type { CallOptions } from "../../../src/client/client_options.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import { CallStream } from "../../../src/client/call_stream.ts";
import type { Calls } from "../../../src/gateway/calls/calls.ts";
import type { BatchTurns } from "../../../src/gateway/calls/json_rpc.ts";
import { SocketSession } from "../../../src/gateway/calls/socket_session.ts";
import {
  gatewayBatchStep,
  gatewaySocketCallsMax,
  gatewaySocketStep,
  gatewaySocketStepMs,
  gatewaySocketWaitingMax,
  gatewayStuckMs,
} from "../../../src/gateway/limits.ts";
import { boundOfGateway } from "../../../src/wire/message_bound.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** A WebSocket's end whose peer reads when the test says so. */
class Peer extends EventTarget {
  readyState: number = WebSocket.OPEN;
  binaryType: BinaryType = "blob";
  bufferedAmount = 0;
  readonly sent: string[] = [];
  closedWith: string | undefined;

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    this.sent.push(data as string);
    this.bufferedAmount += (data as string).length;
  }

  close(_code?: number, reason?: string): void {
    this.readyState = WebSocket.CLOSING;
    this.closedWith = reason;
  }

  ask(meta?: Record<string, unknown>): Promise<void> {
    return this.say({ jsonrpc: "2.0", id: 1, method: "text", meta });
  }

  say(message: unknown): Promise<void> {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
    return settled();
  }
}

const atOnce: BatchTurns = {
  caller: "a",
  places: { enter: () => undefined, leave: () => {} },
  turn: () => Promise.resolve(),
};

/** What most of them have. */
const usual = { bound: boundOfGateway(), owner: "", turns: atOnce };

Deno.test("peers that each leave little unread are bounded together, and who reads nothing is closed first", async () => {
  const clock = new VirtualClock();
  const length = 100_000;
  const count = 20;
  const unread = new Budget(length * count * 1.5, clock);
  const report = { result: "x".repeat(length) } as CallReport;
  const calls = { call: () => Promise.resolve(report) } as unknown as Calls;
  const peers = Array.from({ length: count }, () => new Peer());
  for (const peer of peers) {
    new SocketSession(peer, { ...usual, calls, clock, unread }, {});
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

Deno.test("items of a stream that wait for its peer are bounded too, though nothing is sent", async () => {
  const clock = new VirtualClock();
  const length = 100_000;
  const unread = new Budget(4 * length, clock);
  const item = "x".repeat(length);
  const stream = new CallStream(64, () => {});
  const calls = {
    timeoutMs: 600_000,
    stream(_method: string, _params: unknown, { signal }: CallOptions) {
      const error = new RpcError("Cancelled", "it was closed");
      signal?.addEventListener("abort", () => stream.ended({ error } as CallReport));
      return stream;
    },
  } as unknown as Calls;
  const peer = new Peer();
  new SocketSession(peer, { ...usual, calls, clock, unread }, {});
  await peer.ask({ stream: 1 });
  stream.items([item], length);
  await settled();
  assert.ok(peer.bufferedAmount > length);
  peer.bufferedAmount = 0;
  for (let i = 0; i < 8; i++) {
    stream.items([item], length);
    await settled();
  }
  await clock.advanceAsync(gatewayStuckMs + wheelTickMs);
  assert.match(peer.closedWith ?? "", /unread/);
  assert.equal(unread.total, 0);
  await clock.advanceAsync(wheelLingerMs);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a stream brings as many items as were granted, and is answered by their number", async () => {
  const clock = new VirtualClock();
  const stream = new CallStream(64, () => {});
  const calls = { timeoutMs: 1_000, stream: () => stream } as unknown as Calls;
  const peer = new Peer();
  const unread = new Budget(1e9, clock);
  new SocketSession(peer, { ...usual, calls, clock, unread }, {});
  await peer.ask({ stream: 2 });
  stream.items(["a", "b", "c", "d"], 4);
  await settled();
  assert.equal(peer.sent.length, 2);
  await peer.ask();
  assert.match(peer.sent[2] ?? "", /"id":1,"error":.*with an id that is in use/);
  for (const [id, n] of [[7, 5], [1, 1]]) {
    await peer.say({ jsonrpc: "2.0", method: "rpc.more", params: { id, n } });
  }
  assert.equal(peer.sent.length, 4, "what is granted to another call is no matter of this one");
  await peer.say({ jsonrpc: "2.0", method: "rpc.more", params: { id: 1, n: 9 } });
  stream.ended({ result: null } as CallReport);
  await settled();
  assert.match(peer.sent[4] ?? "", /"d"/);
  assert.deepEqual(JSON.parse(peer.sent[5] ?? ""), { jsonrpc: "2.0", id: 1, result: 4 });
  assert.equal(peer.sent.length, 6);
  await clock.advanceAsync(1_000 + wheelLingerMs);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("items that are not granted are not sent at the end of their call either (P-57)", async () => {
  const clock = new VirtualClock();
  const streams: CallStream[] = [];
  const calls = {
    timeoutMs: 1_000,
    stream() {
      const stream = new CallStream(64, () => {});
      streams.push(stream);
      return stream;
    },
  } as unknown as Calls;
  const peer = new Peer();
  const unread = new Budget(1e9, clock);
  new SocketSession(peer, { ...usual, calls, clock, unread }, {});
  for (const id of [1, 2]) {
    await peer.say({ jsonrpc: "2.0", id, method: "count", meta: { stream: 1 } });
  }
  const [failing, ending] = streams as [CallStream, CallStream];
  for (const stream of streams) stream.items([7, 8], 2);
  failing.ended({ error: new RpcError("WorkerLost", "it died") } as CallReport);
  ending.ended({ result: 2 } as CallReport);
  await settled();
  const said = () => peer.sent.map((line) => JSON.parse(line));
  const items = said().filter(({ method }) => method === "rpc.item");
  assert.deepEqual(items.map(({ params }) => params), [1, 2].map((id) => ({ id, items: [7] })));
  assert.deepEqual(said().slice(2).map(({ id, error }) => [id, error.message]), [[1, "it died"]]);
  await clock.advanceAsync(1_000 + wheelTickMs);
  const [last, ...more] = said().slice(3);
  assert.deepEqual([last.id, last.error.code, more], [2, -32001, []]);
  await clock.advanceAsync(wheelLingerMs);
  assert.equal(clock.pendingTimers, 0);
});

/**
 * A session whose batches wait for a turn, and how to give it to them.
 *
 * @param callMs how long it takes to begin a call
 * @param more what else the session needs
 */
function setUp(callMs = 0, more: Partial<ConstructorParameters<typeof SocketSession>[1]> = {}) {
  const clock = new VirtualClock();
  const peer = new Peer();
  const begun: CallOptions[] = [];
  const callers = new Set<string | undefined>();
  const turns: (() => void)[] = [];
  const calls = {
    call: (_method: string, _params: unknown, options: CallOptions, caller?: string) => {
      begun.push(options);
      callers.add(caller);
      clock.advance(callMs);
      return Promise.resolve({ result: 1 } as CallReport);
    },
  } as unknown as Calls;
  const session = new SocketSession(peer, {
    ...{ ...usual, calls, clock, unread: new Budget(1e9, clock) },
    turns: { ...atOnce, turn: () => new Promise((resolve) => turns.push(resolve)) },
    ...more,
  }, {});
  return { peer, session, begun, callers, turns, clock };
}

/** A batch of so many requests, with ids from 0 on. */
const batchOf = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ jsonrpc: "2.0", id, method: "text" }));

Deno.test("a gateway that ends answers a batch before it closes the WebSocket", async () => {
  const { peer, session, turns } = setUp();
  await peer.say(batchOf(gatewayBatchStep + 1));
  const drained = session.drain();
  await settled();
  assert.equal(peer.closedWith, undefined);
  turns.shift()?.();
  await drained;
  const answers = JSON.parse(peer.sent[0] ?? "[]");
  assert.equal(answers.length, gatewayBatchStep + 1);
  assert.match(answers.at(-1).error.message, /This gateway ends/);
  assert.equal(peer.closedWith, "The gateway ends");
});

Deno.test("what came before a message that is refused is answered, unless its peer sends on", async () => {
  const refused = [["x".repeat(200), /^100 bytes is the most/], [
    new ArrayBuffer(2),
    /text/,
  ]] as const;
  for (
    const [data, reason, sendsOn] of refused.flatMap((one) =>
      [[...one, false], [...one, true]] as const
    )
  ) {
    const answers: ((report: CallReport) => void)[] = [];
    const call = () => new Promise<CallReport>((resolve) => answers.push(resolve));
    const { peer, turns } = setUp(0, {
      calls: { call } as unknown as Calls,
      bound: boundOfGateway(100),
    });
    await peer.ask();
    // A batch waits for its turn.
    await peer.say([{ jsonrpc: "2.0", id: 3, method: "text" }]);
    peer.dispatchEvent(new MessageEvent("message", { data }));
    assert.equal(peer.closedWith, undefined);
    if (sendsOn) await peer.say({ jsonrpc: "2.0", id: 4, method: "text" });
    assert.equal(peer.closedWith !== undefined, sendsOn);
    for (const give of turns) give();
    await settled();
    for (const answer of answers) answer({ result: 7 } as CallReport);
    await settled();
    assert.match(peer.closedWith ?? "", reason);
    assert.equal(peer.sent.length, sendsOn ? 0 : 2);
  }
});

Deno.test("each call of a WebSocket counts for its caller", async () => {
  const { peer, begun, callers } = setUp();
  await peer.ask();
  await peer.say({ jsonrpc: "2.0", method: "text" });
  await peer.say(batchOf(2));
  assert.equal(begun.length, 4);
  assert.deepEqual([...callers], [atOnce.caller]);
});

Deno.test("a call of a batch that has not begun can be cancelled", async () => {
  const { peer, begun, turns } = setUp();
  await peer.say(batchOf(gatewayBatchStep + 2));
  const params = { id: gatewayBatchStep };
  await peer.say({ jsonrpc: "2.0", method: "rpc.cancel", params });
  turns.shift()?.();
  await settled();
  const cancelled = begun.map(({ signal }) => signal?.aborted);
  assert.deepEqual(cancelled.slice(gatewayBatchStep), [true, false]);
});

Deno.test("a peer has so many batches wait on its WebSocket, and further ones are refused at once", async () => {
  const { peer, turns } = setUp();
  for (let batch = 0; batch < gatewaySocketCallsMax; batch++) {
    await peer.say(batchOf(gatewayBatchStep + 1));
  }
  assert.deepEqual([turns.length, peer.sent.length], [gatewaySocketCallsMax, 0]);
  await peer.say(batchOf(2));
  assert.equal(turns.length, gatewaySocketCallsMax);
  for (const { error } of JSON.parse(peer.sent[0] ?? "[]")) {
    assert.match(error.message, /are under way on this WebSocket/);
    assert.equal(error.data.executed, "no");
  }
});

Deno.test("messages that come at once are taken in turns, so that others are not held up", async () => {
  const { peer, begun, turns, session } = setUp();
  const count = 2 * gatewaySocketStep + 1;
  for (let id = 0; id < count; id++) void peer.say({ jsonrpc: "2.0", id, method: "text" });
  await settled();
  assert.equal(begun.length, gatewaySocketStep);
  const drained = session.drain();
  turns.shift()?.();
  await settled();
  assert.equal(peer.closedWith, undefined, "it answers all before it ends");
  while (turns.length > 0) {
    turns.shift()?.();
    await settled();
  }
  await drained;
  assert.equal(peer.sent.length, count);
});

Deno.test("batches that come at once are taken in turns of a millisecond", async () => {
  const { peer, begun, turns } = setUp(gatewaySocketStepMs / 2);
  for (let n = 0; n < 4; n++) void peer.say(batchOf(3));
  for (let n = 1; n <= 4; n++) {
    await settled();
    assert.equal(begun.length, 3 * n);
    assert.equal(turns.length, 1);
    turns.shift()?.();
  }
});

Deno.test("a peer of which too many messages wait for a turn is closed, and what it sends then is not taken", async () => {
  const { peer, begun, turns } = setUp();
  const send = (count: number) => {
    for (let id = 0; id < count; id++) void peer.say({ jsonrpc: "2.0", id, method: "text" });
  };
  send(gatewaySocketStep + gatewaySocketWaitingMax);
  assert.equal(peer.closedWith, undefined);
  send(1);
  assert.equal(peer.closedWith, "Too many messages at once");
  send(gatewaySocketStep);
  turns.shift()?.();
  await settled();
  assert.equal(begun.length, gatewaySocketStep);
});

Deno.test("the connection of a peer that is closed for what it sent outlives its socket until it has confirmed that", async () => {
  let lingering = 0;
  const linger = () => {
    lingering++;
    return () => void lingering--;
  };
  const closing = () => {
    const { peer } = setUp(0, { linger });
    peer.dispatchEvent(new MessageEvent("message", { data: new Uint8Array(1) }));
    assert.equal(peer.closedWith, "Messages are text");
    return peer;
  };
  const [one, other] = [closing(), closing()];
  assert.equal(lingering, 2);
  one.dispatchEvent(new CloseEvent("close", { wasClean: false }));
  assert.equal(lingering, 2, "it sends on");
  other.dispatchEvent(new CloseEvent("close", { wasClean: true }));
  assert.equal(lingering, 1);
  const { session } = setUp(0, { linger });
  await session.drain();
  assert.equal(lingering, 1, "it has done nothing");
});

Deno.test("a peer offends once by what it is closed for, or if it leaves while messages of it wait", async () => {
  let offences = 0;
  const offended = () => void offences++;
  const send = (count: number) => {
    const { peer } = setUp(0, { offended });
    for (let id = 0; id < count; id++) void peer.say({ jsonrpc: "2.0", id, method: "text" });
    return peer;
  };
  const tooMany = send(gatewaySocketStep + gatewaySocketWaitingMax + 1);
  assert.equal(offences, 1);
  tooMany.dispatchEvent(new CloseEvent("close"));
  assert.equal(offences, 1);
  await settled();
  send(gatewaySocketStep + 1).dispatchEvent(new CloseEvent("close"));
  assert.equal(offences, 2);
  const honest = send(gatewaySocketStep - 1);
  await settled();
  honest.dispatchEvent(new CloseEvent("close"));
  await setUp(0, { offended }).session.drain();
  assert.equal(offences, 2);
});

Deno.test("the time that a message or a member of a batch has waited for its turn counts for its call", async () => {
  const { peer, begun, turns, clock } = setUp();
  const startedAtMs = clock.now();
  void peer.say(batchOf(gatewayBatchStep + 1));
  for (let id = 0; id < gatewaySocketStep; id++) {
    void peer.say({ jsonrpc: "2.0", id: `${id}`, method: "text" });
  }
  clock.advance(500);
  while (turns.length > 0) {
    turns.shift()?.();
    await settled();
  }
  assert.equal(begun.length, gatewayBatchStep + 1 + gatewaySocketStep);
  assert.deepEqual(new Set(begun.map(({ begunAtMs }) => begunAtMs)), new Set([startedAtMs]));
});
