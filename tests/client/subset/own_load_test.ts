import assert from "node:assert/strict";
import { loadMs } from "../../../src/client/subset/limits.ts";
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

Deno.test("calls are soon told, and soon forgotten", () => {
  const own = new OwnLoad();
  own.count(0, 0);
  own.count(1_000, 250);
  // The calls of a quarter of a second, by its weight in the average.
  assert.equal(own.ofEach(1), Math.round(3_600 * 4_000 * (1 - Math.exp(-250 / loadMs))));
  own.count(1_000, 60_250);
  assert.equal(own.ofEach(1), 3_600);
});

Deno.test("time that does not pass changes nothing", () => {
  const own = new OwnLoad();
  own.count(0, 5);
  own.count(1_000, 5);
  assert.equal(own.ofEach(1), 3_600);
});
