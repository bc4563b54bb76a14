import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { readBufferBytes, readBufferBytesIdle } from "../../../src/base/limits.ts";
import { sessionLimitsDefault } from "../../../src/server/bounds/session_limits.ts";
import { Shared } from "../../../src/server/bounds/shared.ts";
import type { Reply } from "../../../src/server/reply.ts";
import type { RequestTaker } from "../../../src/server/tracing.ts";
import { waitFor } from "../../support/wait_for.ts";
import { sessionOn } from "../fixtures/session_on.ts";

const lineOf = (id: number, method: string) => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;

/** A session that has one call at a time, is sent `input`, and notes what it does. */
function setUp(input: string, dispatch: (method: string, reply: Reply) => boolean) {
  const events: string[] = [];
  const ended = Promise.withResolvers<null>();
  const shared = new Shared(systemClock, () => 2);
  let rest = new TextEncoder().encode(input);
  const requests: RequestTaker = {
    dispatch({ method }, reply) {
      if (dispatch(method, reply)) return undefined;
      const cancel = () => reply.fail(new RpcError("Cancelled", "It was cancelled"));
      return { cancel, more() {} };
    },
  };
  const limits = { ...sessionLimitsDefault, inFlightMax: 1 };
  const session = sessionOn({
    read(buffer) {
      if (rest.length === 0) return ended.promise;
      const length = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, length));
      rest = rest.subarray(length);
      return Promise.resolve(length);
    },
    write(bytes) {
      events.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
    closeWrite() {
      events.push("end");
      ended.resolve(null);
      return Promise.resolve();
    },
    close: () => ended.resolve(null),
  }, { dispatcher: requests, limits, shared });
  return { session, shared, events };
}

Deno.test("a batch is answered before the side is ended, also while its fault is explained", async () => {
  let slow: Reply | undefined;
  // The first fault in this process: the schemas that explain it are loaded for it.
  const batch = `[${lineOf(1, "slow")},${lineOf(2, "last")},{"jsonrpc":"2.0","id":3}]\n`;
  const { session, events } = setUp(batch, (method, reply) => {
    if (method === "slow") {
      slow = reply;
      return false;
    }
    void session.finish();
    reply.succeed(null);
    return true;
  });
  const running = session.run();
  await waitFor("the first call", () => slow !== undefined);
  slow?.succeed(null);
  await running;
  assert.equal(events.length, 2);
  assert.equal(JSON.parse(events[0] ?? "").length, 3);
  assert.equal(events[1], "end");
});

Deno.test("an unfinished line counts no more once its connection is closed", async () => {
  let calls = 0;
  const batch = `[${lineOf(1, "slow")},${lineOf(2, "slow")}]\n`;
  // The first read fills a small buffer, so the next one is long.
  const blank = "\n".repeat(readBufferBytesIdle);
  const { session, shared } = setUp(blank + batch + "x".repeat(readBufferBytes), () => {
    calls++;
    return false;
  });
  const running = session.run();
  await waitFor("the first call", () => calls === 1);
  session.close();
  await running;
  assert.equal(shared.partialLines.total, 0);
});

Deno.test("what a refused peer sends on has a turn for each read", async () => {
  const reads = 20;
  const { session, shared } = setUp(
    "GET / HTTP/1.1\r\n\r\n".padEnd(reads * readBufferBytes, "x"),
    () => false,
  );
  await session.run();
  assert.ok(shared.turns.round >= reads - 1, `${shared.turns.round} turns`);
});
