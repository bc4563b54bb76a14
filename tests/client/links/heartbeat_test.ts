import assert from "node:assert/strict";
import {
  connectionInFlightMax,
  heartbeatIntervalMs,
  heartbeatTickMs,
  heartbeatTimeoutMs,
  idlePingMs,
  idleTimeoutMs,
  requestBytesInFlightMax,
} from "../../../src/base/limits.ts";
import type { Connection } from "../../../src/client/connection.ts";
import { Heartbeat } from "../../../src/client/links/heartbeat.ts";

/** As much of a connection as a heartbeat sees. */
class ConnectionStub {
  inFlight = 0;
  bytesInFlight = 0;
  bytesTaken: number | undefined;
  receivedAtMs = 0;
  pings = 0;
  abandoned: string | undefined;
  answersPings = true;

  ping(answered: () => void): void {
    this.pings++;
    if (!this.answersPings) return;
    this.receivedAtMs++;
    answered();
  }

  abandon(reason: string): void {
    this.abandoned ??= reason;
  }
}

/** Ticks from the last message until a dead connection is given up. */
const ticksToGiveUp = (heartbeatIntervalMs + heartbeatTimeoutMs) / heartbeatTickMs;

function setUp() {
  const connection = new ConnectionStub();
  const heartbeat = new Heartbeat(connection as unknown as Connection);
  const tick = (times: number, alsoIdle = false) => {
    for (let i = 0; i < times; i++) heartbeat.tick(alsoIdle);
  };
  return { connection, tick };
}

Deno.test("a connection without calls is left alone", () => {
  const { connection, tick } = setUp();
  tick(100);
  assert.equal(connection.pings, 0);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that is silent over a long call is asked, and stays if it answers", () => {
  const { connection, tick } = setUp();
  connection.inFlight = 1;
  tick(10 * heartbeatIntervalMs / heartbeatTickMs);
  assert.ok(connection.pings >= 5 && connection.pings <= 10, `${connection.pings}`);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that does not answer is given up, after the interval and the time to answer", () => {
  const { connection, tick } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  tick(heartbeatIntervalMs / heartbeatTickMs - 1);
  assert.equal(connection.pings, 0);
  tick(heartbeatTimeoutMs / heartbeatTickMs);
  assert.equal(connection.abandoned, undefined);
  tick(1);
  assert.match(connection.abandoned ?? "", /silent/);
  assert.equal(connection.pings, 1);
});

Deno.test("silence counts also past half of a connection's calls, if the ping went before them", () => {
  const { connection, tick } = setUp();
  connection.answersPings = false;
  connection.inFlight = connectionInFlightMax / 4;
  tick(1);
  assert.equal(connection.pings, 1);
  connection.inFlight = connectionInFlightMax;
  tick(ticksToGiveUp - 1);
  assert.match(connection.abandoned ?? "", /silent/);
});

Deno.test("any message counts as life", () => {
  const { connection, tick } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  for (let i = 0; i < 30; i++) {
    tick(ticksToGiveUp - 1);
    connection.receivedAtMs++;
    tick(1);
  }
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a connection that is not used is asked if nothing else would tell that it is gone", () => {
  const { connection, tick } = setUp();
  connection.answersPings = false;
  tick(ticksToGiveUp, true);
  assert.match(connection.abandoned ?? "", /silent/);
});

Deno.test("the silence of a server that may have stopped reading proves nothing", () => {
  const { connection, tick } = setUp();
  connection.inFlight = connectionInFlightMax;
  connection.answersPings = false;
  tick(100);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that takes what it is sent lives, and one that has much to read may be silent", () => {
  const { connection, tick } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  for (let taken = 1; taken < 10 * ticksToGiveUp; taken++) {
    connection.bytesTaken = taken;
    tick(1);
  }
  assert.equal(connection.pings, 0);
  connection.bytesTaken = undefined;
  connection.bytesInFlight = requestBytesInFlightMax / 2;
  tick(10 * ticksToGiveUp);
  assert.equal(connection.abandoned, undefined);
  connection.bytesInFlight = 1_000;
  tick(ticksToGiveUp);
  assert.notEqual(connection.abandoned, undefined);
});

Deno.test("a connection that is not used says something now and then, before the server takes it for gone", () => {
  const { connection, tick } = setUp();
  tick(3 * idlePingMs / heartbeatTickMs);
  assert.equal(connection.pings, 3);
  assert.equal(connection.abandoned, undefined);
  assert.ok(3 * idlePingMs < idleTimeoutMs);
});
