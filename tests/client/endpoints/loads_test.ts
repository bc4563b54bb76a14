import assert from "node:assert/strict";
import { Loads } from "../../../src/client/endpoints/loads.ts";

Deno.test("a row is one server's from add() to remove(), and nothing of it is left to the next one", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const [row, other] = [loads.add(2), loads.add(3)];
  method.sent(row, 5, false);
  method.observe(row, 40, 5);
  method.lacks(row);
  assert.equal(loads.inFlightOf(row), 1);
  assert.equal(loads.lastTurnOf(row), 1);
  assert.equal(method.silenceOf(row, 25), 20);
  loads.remove(row);
  assert.equal(loads.add(7), row);
  assert.equal(loads.weightOf(row), 7);
  assert.equal(loads.inFlightOf(row), 0);
  assert.equal(loads.lastTurnOf(row), -Infinity);
  assert.equal(method.latencyOf(row, 5), 0);
  assert.ok(method.silenceOf(row, 25) < 0);
  assert.ok(method.mayOffer(row));
  assert.equal(method.lacking, 0);
  assert.equal(loads.weightOf(other), 3);
});

Deno.test("what is known outlives that more servers come", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const rows = Array.from({ length: 100 }, (_, i) => {
    const row = loads.add(i + 1);
    method.observe(row, i + 1, 0);
    method.sent(row, i, false);
    return row;
  });
  for (const [i, row] of rows.entries()) {
    assert.equal(loads.weightOf(row), i + 1);
    assert.equal(loads.inFlightOf(row), 1);
    assert.equal(method.latencyOf(row, 0), i + 1);
    assert.equal(method.silenceOf(row, 100), 100 - i);
  }
});

Deno.test("what is noted of one server changes no other, nor does its end", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const rows = Array.from({ length: 20 }, () => loads.add(1));
  for (const row of rows) {
    method.observe(row, 10, 0);
    loads.started(row);
  }
  // All are told apart, wherever they stand: in what order they are changed makes no difference.
  const [late, failing, refusing, gone] = [3, 7, 12, 5] as const;
  method.observeLate(late, 1_000, 0);
  method.penalize(failing, 0);
  loads.refused(refusing);
  loads.ended(gone);
  loads.remove(gone);
  for (const row of rows) {
    const expectedMs = row === late ? 109 : row === failing ? 20 : row === gone ? 0 : 10;
    assert.equal(Math.round(method.latencyOf(row, 0)), expectedMs, `${row}`);
    assert.equal(loads.inFlightOf(row), row === gone ? 0 : 1, `${row}`);
    assert.equal(loads.isBusy(row), false);
    loads.started(row);
    assert.equal(loads.isBusy(row), row === refusing, `${row}`);
  }
  // It takes two at once again after some answers.
  for (let answers = 0; answers < 3; answers++) loads.carriedOut(refusing);
  assert.equal(loads.isBusy(refusing), false);
});

Deno.test("an answer, or that one is not waited for, is noted of its server alone", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const rows = Array.from({ length: 20 }, () => loads.add(1));
  for (const row of rows) method.sent(row, 10, false);
  method.answered(13);
  method.gaveUp(9);
  for (const row of rows) {
    const isOwed = row !== 13 && row !== 9;
    assert.equal(method.silenceOf(row, 30), isOwed ? 20 : -Infinity, `${row}`);
    assert.equal(method.othersInFlightOf(row), 0, `${row}`);
  }
});

Deno.test("a server is silent from the first call after its last answer, while it owes one", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const row = loads.add(1);
  const isSilent = (nowMs: number) => method.silenceOf(row, nowMs) > 0;
  method.sent(row, 10, false);
  method.sent(row, 20, false);
  method.sent(row, 30, false);
  assert.equal(method.silenceOf(row, 40), 30);
  method.gaveUp(row);
  assert.equal(method.silenceOf(row, 40), 30, "giving up is the caller's doing");
  method.answered(row);
  assert.ok(!isSilent(1_000), "it works on what is older than its last answer");
  method.sent(row, 1_000, false);
  assert.equal(method.silenceOf(row, 1_010), 10);
  method.gaveUp(row);
  method.gaveUp(row);
  assert.ok(!isSilent(2_000), "it owes nothing");
  assert.equal(loads.inFlightOf(row), 0);
  method.sent(row, 2_000, true);
  assert.ok(!isSilent(9_000), "a stream may be silent");
});

Deno.test("methods are told apart, and calls of all of them count as in flight", () => {
  const loads = new Loads();
  const row = loads.add(1);
  const [fib, ping] = [loads.of("fib"), loads.of("ping")];
  assert.equal(loads.of("fib"), fib);
  fib.sent(row, 10, false);
  fib.observe(row, 70, 10);
  fib.lacks(row);
  assert.equal(loads.inFlightOf(row), 1);
  assert.ok(ping.silenceOf(row, 100) < 0);
  assert.equal(ping.latencyOf(row, 10), 0);
  assert.ok(ping.mayOffer(row) && !fib.mayOffer(row));
  loads.forgetLacking(row);
  assert.ok(fib.mayOffer(row));
});

Deno.test("methods without end are forgotten, and calls under way still end where they began", () => {
  const loads = new Loads();
  const row = loads.add(1);
  const first = loads.of("0");
  first.sent(row, 1, false);
  for (let i = 1; i < 300; i++) loads.of(String(i));
  assert.notEqual(loads.of("0"), first);
  first.answered(row);
  assert.equal(loads.inFlightOf(row), 0);
});

Deno.test("the more servers there are, the fewer methods are kept", () => {
  const loads = new Loads();
  const keptOf = (count: number) => {
    const before = Array.from({ length: count }, (_, i) => loads.of(String(i)));
    return before.filter((method, i) => loads.of(String(i)) === method).length;
  };
  assert.equal(keptOf(200), 200);
  for (let i = 0; i < 10_000; i++) loads.add(1);
  assert.ok(keptOf(50) === 50);
  assert.ok(keptOf(200) < 200);
});

Deno.test("a server that is called half as often by its share is as slow for twice as long", () => {
  const loads = new Loads();
  const method = loads.of("fib");
  const [small, usual] = [loads.add(0.5), loads.add(1)];
  assert.deepEqual([small, usual].map((row) => loads.expectedOf(row)), [1, 1]);
  loads.weightOfOne = 1;
  assert.deepEqual([small, usual].map((row) => loads.expectedOf(row)), [0.5, 1]);
  for (const row of [small, usual]) method.observe(row, 40, 0);
  for (const idleMs of [10, 100, 400, 1_000]) {
    assert.equal(method.latencyOf(small, 2 * idleMs), method.latencyOf(usual, idleMs));
  }
  assert.ok(method.latencyOf(usual, 400) < 20, "it is forgotten in the end");
  loads.weightOfOne = 0;
  assert.equal(method.latencyOf(small, 400), method.latencyOf(usual, 400));
});
