import assert from "node:assert/strict";
import { isZooKeeperError, ZooKeeperError } from "../../src/zookeeper/errors.ts";
import {
  type Operation,
  operationBytesMax,
  Operations,
  operationsMax,
} from "../../src/zookeeper/operations.ts";

/** Operations by number, and what became of them. */
class Outcomes {
  readonly failed: [number, string][] = [];

  operation(xid: number, bytes = 1): Operation {
    return {
      xid,
      frame: new Uint8Array(bytes),
      action: `do ${xid}`,
      reply: () => {},
      fail: (error) => this.failed.push([xid, error.code]),
    };
  }
}

const lost = () => new ZooKeeperError("CONNECTION_LOSS", "lost");

Deno.test("Operations hands out each frame once, in order", () => {
  const operations = new Operations();
  const outcomes = new Outcomes();
  operations.add(outcomes.operation(1, 11));
  operations.add(outcomes.operation(2, 12));
  assert.deepEqual(operations.takeUnsent().map((frame) => frame.length), [11, 12]);
  operations.add(outcomes.operation(3, 13));
  assert.deepEqual(operations.takeUnsent().map((frame) => frame.length), [13]);
  assert.equal(operations.takeAnswered(1).xid, 1);
  assert.equal(operations.takeAnswered(2).xid, 2);
});

Deno.test("Operations refuses an answer that is not due", () => {
  const operations = new Operations();
  const outcomes = new Outcomes();
  const malformed = (error: unknown) => isZooKeeperError(error, "MARSHALLING_ERROR");
  operations.add(outcomes.operation(1));
  assert.throws(() => operations.takeAnswered(1), malformed, "it was not sent");
  operations.takeUnsent();
  assert.throws(() => operations.takeAnswered(2), malformed, "it is not 2's turn");
  assert.equal(operations.takeAnswered(1).xid, 1);
});

Deno.test("Operations fails what was sent and what was not apart", () => {
  const operations = new Operations();
  const outcomes = new Outcomes();
  operations.add(outcomes.operation(1));
  operations.add(outcomes.operation(2));
  operations.takeUnsent();
  operations.add(outcomes.operation(3));
  operations.failNext(new ZooKeeperError("FRAME_TOO_LARGE", "too large"));
  operations.failSent(lost);
  assert.deepEqual(outcomes.failed, [[1, "FRAME_TOO_LARGE"], [2, "CONNECTION_LOSS"]]);
  assert.equal(operations.takeUnsent().length, 1);
  operations.add(outcomes.operation(4));
  operations.failUnsent(lost);
  assert.deepEqual(outcomes.failed.slice(2), [[4, "CONNECTION_LOSS"]]);
  assert.equal(operations.takeAnswered(3).xid, 3);
});

Deno.test("Operations is bounded in number, and takes more when some are done", () => {
  const operations = new Operations();
  const outcomes = new Outcomes();
  for (let xid = 0; xid < operationsMax; xid++) operations.add(outcomes.operation(xid));
  operations.add(outcomes.operation(-5));
  assert.deepEqual(outcomes.failed, [[-5, "QUEUE_FULL"]]);
  operations.takeUnsent();
  operations.takeAnswered(0);
  operations.add(outcomes.operation(-6));
  assert.equal(outcomes.failed.length, 1);
});

Deno.test("Operations is bounded in bytes, and takes more when some are done", () => {
  const operations = new Operations();
  const outcomes = new Outcomes();
  operations.add(outcomes.operation(1, operationBytesMax - 10));
  operations.add(outcomes.operation(2, 11));
  assert.deepEqual(outcomes.failed, [[2, "QUEUE_FULL"]]);
  operations.failUnsent(lost);
  operations.add(outcomes.operation(3, 11));
  assert.equal(outcomes.failed.length, 2);
});
