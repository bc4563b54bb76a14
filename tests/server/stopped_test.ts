import assert from "node:assert/strict";
import { idleTimeoutMs } from "../../src/base/limits.ts";
import { partialLineTimeoutMs } from "../../src/server/limits.ts";
import { LookedTime } from "../../src/server/bounds/looked_time.ts";
import { StoppableClock } from "../support/stoppable_clock.ts";
import { serverTest } from "./fixtures/harness.ts";

// To see it fail: let look() in src/server/bounds/looked_time.ts return its argument.
serverTest("the time in which a server was stopped is held against no peer", async (harness) => {
  const clock = new StoppableClock();
  const server = harness.listen({ clock });
  const [peer, idle] = [await harness.connect(server), await harness.connect(server)];
  assert.equal((await idle.call(1, "ping")).result, "pong");
  const line = `{"jsonrpc":"2.0","id":2,"method":"ping"}\n`;
  await peer.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}\n${line.slice(0, 9)}`);
  assert.equal((await peer.answer(1)).result, "pong");
  clock.advance(2_000);
  clock.stop(2 * partialLineTimeoutMs + idleTimeoutMs);
  clock.advance(1_000);
  await peer.send(line.slice(9));
  assert.equal((await peer.answer(2)).result, "pong");
  assert.equal((await idle.call(2, "ping")).result, "pong");
});

Deno.test("the time of a look stands still while nobody looks", () => {
  const time = new LookedTime(100);
  const looks = [5, 105, 250, 10_250, 10_350].map((nowMs) => time.look(nowMs));
  assert.deepEqual(looks, [5, 105, 250, 450, 550]);
});
