import assert from "node:assert/strict";
import { startHeartbeat } from "../../src/zookeeper/heartbeat.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const sessionTimeoutMs = 1_200;

/** A connection that answers pings for as long as `answers` says. */
function start(answers: () => boolean) {
  const clock = new VirtualClock();
  const pings: number[] = [];
  const silences: number[] = [];
  const connection = {
    lastSentAt: 0,
    lastReceivedAt: 0,
    send() {
      pings.push(clock.now());
      connection.lastSentAt = clock.now();
      if (answers()) connection.lastReceivedAt = clock.now();
    },
  };
  const timer = startHeartbeat({
    clock,
    connection,
    sessionTimeoutMs,
    onSilent: () => silences.push(clock.now()),
  });
  return { clock, connection, pings, silences, timer };
}

Deno.test("the heartbeat pings an idle connection soon after each third of the session timeout", () => {
  const { clock, pings, silences } = start(() => true);
  clock.advance(sessionTimeoutMs * 10);
  assert.equal(silences.length, 0);
  assert.ok(pings.length >= 20, `${pings.length} pings`);
  pings.reduce((before, at) => {
    assert.ok(at - before > 400 && at - before <= 500, `${at - before} ms between pings`);
    return at;
  }, 0);
});

Deno.test("the heartbeat does not ping a busy connection", () => {
  const { clock, connection, pings } = start(() => true);
  for (let i = 0; i < 40; i++) {
    clock.advance(100);
    connection.lastSentAt = connection.lastReceivedAt = clock.now();
  }
  assert.deepEqual(pings, []);
});

Deno.test("the heartbeat tells of a silent server soon after two thirds of the session timeout", () => {
  const { clock, silences, timer } = start(() => false);
  clock.advance(800);
  assert.deepEqual(silences, []);
  clock.advance(100);
  assert.deepEqual(silences, [900]);
  timer.cancel();
  clock.advance(sessionTimeoutMs);
  assert.equal(silences.length, 1);
});

Deno.test("the heartbeat does not take a stall of its own process for the server's silence", () => {
  // The timer that was due at 100 runs at 5,000: the answers of the meantime are yet unread.
  let now = 0;
  let check = () => {};
  const silences: number[] = [];
  const connection = { lastSentAt: 0, lastReceivedAt: 0, send() {} };
  const clock = new VirtualClock();
  startHeartbeat({
    clock: {
      now: () => now,
      wallTimeMs: () => 0,
      after: clock.after.bind(clock),
      every: (_periodMs, callback) => {
        check = callback;
        return { cancel() {} };
      },
    },
    connection,
    sessionTimeoutMs,
    onSilent: () => silences.push(now),
  });
  now = 5_000;
  check();
  assert.deepEqual(silences, []);
  now = 5_100;
  check();
  assert.deepEqual(silences, [5_100]);
});
