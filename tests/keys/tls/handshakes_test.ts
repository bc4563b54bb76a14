import assert from "node:assert/strict";
import { connectionsShareOfAddress } from "../../../src/base/limits.ts";
import { handshakePauseMs, handshakesMax } from "../../../src/keys/limits.ts";
import { Handshakes } from "../../../src/keys/tls/handshakes.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("handshakes begin one by one with pauses, each address in its turn", () => {
  const clock = new VirtualClock();
  const handshakes = new Handshakes(clock);
  const begun: string[] = [];
  const add = (from: string) => handshakes.add(from, () => begun.push(from));
  for (const port of [1, 2, 3]) add(`10.0.0.1:${port}`);
  add("10.0.0.2:1");
  assert.deepEqual(begun, ["10.0.0.1:1"]);
  for (let i = 0; i < 3; i++) clock.advance(handshakePauseMs);
  assert.deepEqual(begun, ["10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.1:3"]);
  clock.advance(handshakePauseMs);
  assert.equal(clock.pendingTimers, 0);
  add("10.0.0.3:1");
  assert.equal(begun.at(-1), "10.0.0.3:1");
});

Deno.test("one address keeps nobody else from shaking hands, and gets its room back", () => {
  const handshakes = new Handshakes(new VirtualClock());
  const most = handshakesMax / connectionsShareOfAddress;
  const overs = Array.from({ length: most }, (_, i) => handshakes.add(`10.0.0.1:${i}`, () => {}));
  assert.ok(overs.every((over) => over !== undefined));
  assert.equal(handshakes.add("10.0.0.1:9999", () => {}), undefined);
  assert.notEqual(handshakes.add("10.0.0.2:1", () => {}), undefined);
  overs[0]?.();
  assert.notEqual(handshakes.add("10.0.0.1:9999", () => {}), undefined);
});

Deno.test("programs of this machine share the bound on all handshakes", () => {
  const handshakes = new Handshakes(new VirtualClock());
  for (let i = 0; i < handshakesMax; i++) {
    assert.notEqual(handshakes.add(`127.0.0.1:${i}`, () => {}), undefined);
  }
  assert.equal(handshakes.add("127.0.0.1:9999", () => {}), undefined);
});

Deno.test("a connection that is closed while it waits does not begin", () => {
  const clock = new VirtualClock();
  const handshakes = new Handshakes(clock);
  const begun: number[] = [];
  const overs = [1, 2, 3].map((i) => handshakes.add("10.0.0.1:1", () => begun.push(i)));
  overs[1]?.();
  for (let i = 0; i < 3; i++) clock.advance(handshakePauseMs);
  assert.deepEqual(begun, [1, 3]);
});
