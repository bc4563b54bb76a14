import assert from "node:assert/strict";
import { loadKnownMs, loadMs } from "../../../src/client/subset/limits.ts";
import { OwnLoad } from "../../../src/client/subset/own_load.ts";

Deno.test("the load of a steady client is its calls an hour, shared by its servers", () => {
  const own = new OwnLoad();
  for (let tick = 0; tick <= 2_000; tick++) own.count(50 * tick, 250 * tick);
  // 200 calls a second.
  assert.equal(own.ofEach(1), 200 * 3_600);
  assert.equal(own.ofEach(80), 200 * 45);
});

Deno.test("a client without calls, or with few, counts with one a second", () => {
  const own = new OwnLoad();
  assert.equal(own.ofEach(10), 360);
  for (let second = 0; second < 100; second++) own.count(Math.floor(second / 10), 1_000 * second);
  assert.equal(own.ofEach(10), 360);
  assert.equal(own.ofEach(1e6), 1);
});

Deno.test("of a client that begins to call the time before does not count", () => {
  const own = new OwnLoad();
  const tickMs = 250;
  let nowMs = 0;
  let sent = 0;
  const pass = (ticks: number, calls: number) => {
    for (let i = 0; i < ticks; i++) own.count(sent += calls, nowMs += tickMs);
  };
  pass(400, 0);
  pass(loadKnownMs / tickMs - 1, 50);
  assert.equal(own.ofEach(1), 3_600, "not known yet");
  pass(1, 50);
  assert.equal(own.ofEach(1), 200 * 3_600);
  // A pause within it counts, by its weight in the average.
  pass(4, 0);
  const kept = (ms: number) => Math.exp(-ms / loadMs);
  const share = (1 - kept(loadKnownMs)) * kept(1_000) / (1 - kept(loadKnownMs + 1_000));
  assert.equal(own.ofEach(1), Math.round(200 * 3_600 * share));
  pass(400, 0);
  assert.equal(own.ofEach(1), 3_600);
});

Deno.test("time that does not pass changes nothing", () => {
  const own = new OwnLoad();
  own.count(0, 5);
  own.count(1_000, 5);
  assert.equal(own.ofEach(1), 3_600);
  own.count(1_000, loadKnownMs + 5);
  assert.equal(own.ofEach(1), 3_600);
});
