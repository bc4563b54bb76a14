import assert from "node:assert/strict";
import {
  connectionInFlightMax,
  heartbeatBeatMs,
  heartbeatIntervalMs,
  heartbeatTimeoutMs,
  idlePingMs,
  idleTimeoutMs,
  requestBytesInFlightMax,
} from "../../../src/base/limits.ts";
import type { Connection } from "../../../src/client/connection.ts";
import { Heartbeat } from "../../../src/client/endpoints/heartbeat.ts";

/** As much of a connection as a heartbeat sees. */
class ConnectionStub {
  inFlight = 0;
  bytesInFlight = 0;
  bytesTaken: number | undefined;
  messagesReceived = 0;
  pings = 0;
  abandoned: string | undefined;
  answersPings = true;

  ping(answered: () => void): void {
    this.pings++;
    if (!this.answersPings) return;
    this.messagesReceived++;
    answered();
  }

  abandon(reason: string): void {
    this.abandoned ??= reason;
  }
}

/** Beats from the last message until a dead connection is given up. */
const beatsToGiveUp = (heartbeatIntervalMs + heartbeatTimeoutMs) / heartbeatBeatMs;

function setUp() {
  const connection = new ConnectionStub();
  const heartbeat = new Heartbeat(connection as unknown as Connection);
  const beat = (times: number, alsoIdle = false) => {
    for (let i = 0; i < times; i++) heartbeat.beat(alsoIdle);
  };
  return { connection, beat };
}

Deno.test("a connection without calls is left alone", () => {
  const { connection, beat } = setUp();
  beat(100);
  assert.equal(connection.pings, 0);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that is silent over a long call is asked, and stays if it answers", () => {
  const { connection, beat } = setUp();
  connection.inFlight = 1;
  beat(10 * heartbeatIntervalMs / heartbeatBeatMs);
  assert.ok(connection.pings >= 5 && connection.pings <= 10, `${connection.pings}`);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that does not answer is given up, after the interval and the time to answer", () => {
  const { connection, beat } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  beat(heartbeatIntervalMs / heartbeatBeatMs - 1);
  assert.equal(connection.pings, 0);
  beat(heartbeatTimeoutMs / heartbeatBeatMs);
  assert.equal(connection.abandoned, undefined);
  beat(1);
  assert.match(connection.abandoned ?? "", /silent/);
  assert.equal(connection.pings, 1);
});

Deno.test("any message counts as life", () => {
  const { connection, beat } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  for (let i = 0; i < 30; i++) {
    beat(beatsToGiveUp - 1);
    connection.messagesReceived++;
    beat(1);
  }
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a connection that is not used is asked if nothing else would tell that it is gone", () => {
  const { connection, beat } = setUp();
  connection.answersPings = false;
  beat(beatsToGiveUp, true);
  assert.match(connection.abandoned ?? "", /silent/);
});

Deno.test("the silence of a server that may have stopped reading proves nothing", () => {
  const { connection, beat } = setUp();
  connection.inFlight = connectionInFlightMax;
  connection.answersPings = false;
  beat(100);
  assert.equal(connection.abandoned, undefined);
});

Deno.test("a server that takes what it is sent lives, and one that has much to read may be silent", () => {
  const { connection, beat } = setUp();
  connection.inFlight = 1;
  connection.answersPings = false;
  for (let taken = 1; taken < 10 * beatsToGiveUp; taken++) {
    connection.bytesTaken = taken;
    beat(1);
  }
  assert.equal(connection.pings, 0);
  connection.bytesTaken = undefined;
  connection.bytesInFlight = requestBytesInFlightMax / 2;
  beat(10 * beatsToGiveUp);
  assert.equal(connection.abandoned, undefined);
  connection.bytesInFlight = 1_000;
  beat(beatsToGiveUp);
  assert.notEqual(connection.abandoned, undefined);
});

Deno.test("a connection that is not used says something now and then, before the server takes it for gone", () => {
  const { connection, beat } = setUp();
  beat(3 * idlePingMs / heartbeatBeatMs);
  assert.equal(connection.pings, 3);
  assert.equal(connection.abandoned, undefined);
  assert.ok(3 * idlePingMs < idleTimeoutMs);
});
