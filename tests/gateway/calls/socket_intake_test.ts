import assert from "node:assert/strict";
import { SocketIntake } from "../../../src/gateway/calls/socket_intake.ts";
import { gatewaySocketStep } from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("the length of what waits on a WebSocket is that of what was not taken yet", () => {
  const taken: string[] = [];
  const intake = new SocketIntake({
    clock: new VirtualClock(),
    turn: () => new Promise(() => {}),
    take: (text) => taken.push(text),
  });
  for (let i = 0; i < gatewaySocketStep + 3; i++) intake.add("four");
  assert.equal(taken.length, gatewaySocketStep);
  assert.equal(intake.length, 3 * "four".length);
  intake.clear();
  assert.deepEqual([intake.length, intake.isEmpty], [0, true]);
});
