import assert from "node:assert/strict";
import { partialLineTimeoutMs } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { bytesBetweenPauses } from "../../../src/base/system/give_way.ts";
import { sessionLimitsDefault } from "../../../src/server/bounds/session_limits.ts";
import { Shared } from "../../../src/server/bounds/shared.ts";
import { Session } from "../../../src/server/session/session.ts";
import { Flow } from "../../../src/server/turns/flow.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("the time that a long line waits for its turn does not count against it (P-43)", async () => {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => false, (begin) => void pauses.push(begin));
  const shared = Object.assign(new Shared(clock, () => 2), { turns, flow: new Flow(turns) });
  const ended = Promise.withResolvers<null>();
  let restBytes = bytesBetweenPauses + 1024 * 1024;
  let isClosed = false;
  const session = new Session({
    conn: {
      read(buffer) {
        const length = Math.min(restBytes, buffer.length);
        restBytes -= length;
        buffer.fill(0x78, 0, length);
        return length === 0 ? ended.promise : Promise.resolve(length);
      },
      write: (bytes) => Promise.resolve(bytes.length),
      closeWrite: () => Promise.resolve(),
      close() {
        isClosed = true;
        ended.resolve(null);
      },
    },
    dispatcher: { dispatch: () => undefined },
    isStream: () => false,
    limits: sessionLimitsDefault,
    group: { connections: 1 },
    peer: "test",
    shared,
    clock,
    log: silentLogger,
  });
  const running = session.run();
  await settled();
  assert.equal(pauses.length, 1, "it waits for its turn");
  assert.ok(restBytes > 0);
  const pass = (ms: number) => {
    session.checkPeer();
    clock.advance(ms);
    session.checkPeer();
  };
  pass(2 * partialLineTimeoutMs);
  assert.ok(!isClosed);
  while (pauses.length > 0) {
    pauses.shift()?.();
    await settled();
  }
  assert.equal(restBytes, 0);
  // Now it is the peer that does not go on.
  pass(partialLineTimeoutMs - 1);
  assert.ok(!isClosed);
  pass(1);
  assert.ok(isClosed);
  await running;
});
