import assert from "node:assert/strict";
import {
  sessionLimitsDefault,
  sessionLimitsFor,
} from "../../../src/server/bounds/session_limits.ts";

Deno.test("a connection with longer messages has room for some of them, and never less than usual", () => {
  assert.deepEqual(sessionLimitsFor(1), { ...sessionLimitsDefault, messageMax: 1 });
  const gib = 1024 ** 3;
  assert.deepEqual(sessionLimitsFor(gib), {
    ...sessionLimitsDefault,
    ...{ messageMax: gib, outboxBytesMax: gib, unreadMax: 4 * gib, requestBytesMax: 4 * gib },
  });
});
