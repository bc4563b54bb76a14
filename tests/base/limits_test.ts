import assert from "node:assert/strict";
import * as limits from "../../src/base/limits.ts";
import * as server from "../../src/server/limits.ts";
import { documentBytesMax } from "../../src/workers/limits.ts";

Deno.test("the bounds stand in the relations that their file promises", () => {
  // A client that stops reading is throttled before one more message could be refused for its size.
  assert.ok(limits.outboxBytesMax + limits.messageMaxDefault <= server.unreadAnswersBytesMax);
  assert.ok(documentBytesMax < limits.messageMaxLeast);
  assert.ok(limits.messageMaxLeast <= limits.messageMaxDefault);
  assert.ok(limits.messageMaxDefault <= limits.messageMaxMost);
  // What waits to begin is held back long before answers are replaced by errors.
  assert.ok(server.unreadAnswersBytesMax >= 8 * limits.outboxBytesMax);
  // Many who do not read are held back long before one of them is closed for it.
  assert.ok(server.unreadBytesMax >= 8 * server.unreadBytesCrowded);
  assert.ok(limits.requestBytesInFlightMax > 2 * limits.messageMaxDefault);
  // One read never holds more than one message's worth of bytes.
  assert.ok(limits.readBufferBytes < limits.messageMaxDefault);
  // One connection alone cannot fill the queue.
  assert.ok(limits.connectionInFlightMax < limits.queueMaxDefault);
  assert.ok(limits.callTimeoutMsDefault <= limits.callTimeoutMsMax);
  // What a client may ask for still fits the delay of a timer, which has 31 bits.
  assert.ok(limits.callTimeoutMsMax < 2 ** 31);
  // A call outlives neither bound by waiting for a peer that has gone.
  assert.ok(limits.callTimeoutMsDefault <= limits.writeStallTimeoutMs);
});
