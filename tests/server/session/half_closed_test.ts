import assert from "node:assert/strict";
import {
  heartbeatIntervalMs,
  heartbeatTickMs,
  heartbeatTimeoutMs,
} from "../../../src/base/limits.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { sessionOn } from "../fixtures/session_on.ts";

const lookPeriodMs = 1_000;

/** A peer that has sent one request and ended its side, or the network for it. */
function halfClosed(clock: VirtualClock) {
  const input = [new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"slow"}\n')];
  let begun = 0;
  const writtenAtMs: number[] = [];
  const session = sessionOn({
    read(buffer) {
      const bytes = input.shift();
      if (bytes !== undefined) buffer.set(bytes);
      return Promise.resolve(bytes?.length ?? null);
    },
    write(bytes) {
      writtenAtMs.push(clock.now());
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {},
  }, {
    clock,
    dispatcher: {
      dispatch: (_request, reply) => {
        begun++;
        return { cancel: () => reply.succeed(null), more() {} };
      },
    },
  });
  return { session, writtenAtMs, begun: () => begun };
}

// To see it fail: let PeerWatch.isToAsk in src/server/bounds/peer_watch.ts return true.
Deno.test("who has ended its side is asked whether it is there, and can find out that it is not heard (P-40)", async () => {
  const clock = new VirtualClock();
  const { session, writtenAtMs, begun } = halfClosed(clock);
  const running = session.run();
  await waitFor("the call to begin", () => begun() === 1);
  await settled();
  for (let look = 0; look < 60; look++) {
    clock.advance(lookPeriodMs);
    session.checkPeer(clock.now());
    await settled();
  }
  const gapsMs = writtenAtMs.slice(1).map((atMs, index) => atMs - (writtenAtMs[index] ?? 0));
  assert.equal(gapsMs[0], lookPeriodMs, "a dead peer is found at the second look");
  const silenceMs = heartbeatIntervalMs + heartbeatTimeoutMs + heartbeatTickMs;
  const [, ...later] = gapsMs;
  assert.ok(later.every((gapMs) => gapMs > silenceMs + lookPeriodMs), `${gapsMs}`);
  assert.ok(later.length >= 5, `one that dies later is found, too: ${gapsMs}`);
  session.close();
  await running;
});
