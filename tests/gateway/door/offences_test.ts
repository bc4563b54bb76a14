import assert from "node:assert/strict";
import { Offences } from "../../../src/gateway/door/offences.ts";
import {
  gatewayOffenceMs,
  gatewayOffencesMax,
  gatewayOffendersMax,
} from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

function rig() {
  const clock = new VirtualClock();
  const offences = new Offences(clock);
  const add = (address: string, count: number) => {
    for (let i = 0; i < count; i++) offences.add(address);
  };
  return { clock, offences, add };
}

Deno.test("an address with too many offences waits until enough of them are forgotten, and no other does", () => {
  const { clock, offences, add } = rig();
  add("a", gatewayOffencesMax);
  assert.equal(offences.areTooMany("a"), false);
  add("a", 2);
  add("b", 1);
  assert.deepEqual([offences.areTooMany("a"), offences.areTooMany("b")], [true, false]);
  clock.advance(gatewayOffenceMs);
  assert.equal(offences.areTooMany("a"), true);
  clock.advance(gatewayOffenceMs);
  assert.equal(offences.areTooMany("a"), false);
});

Deno.test("offences that were forgotten do not count again", () => {
  const { clock, offences, add } = rig();
  add("a", gatewayOffencesMax);
  clock.advance(gatewayOffencesMax * gatewayOffenceMs + 1_000);
  assert.equal(offences.areTooMany("a"), false);
  add("a", gatewayOffencesMax);
  assert.equal(offences.areTooMany("a"), false);
  add("a", 1);
  assert.equal(offences.areTooMany("a"), true);
});

Deno.test("past so many addresses all offences are forgotten", () => {
  const { offences, add } = rig();
  add("a", gatewayOffencesMax + 1);
  for (let i = 1; i < gatewayOffendersMax; i++) add(`${i}`, 1);
  assert.equal(offences.areTooMany("a"), true);
  add("one more", 1);
  assert.equal(offences.areTooMany("a"), false);
});
