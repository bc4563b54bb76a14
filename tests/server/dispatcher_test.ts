import assert from "node:assert/strict";
import { openRpcSchema } from "../../src/procedures/openrpc.ts";
import type { Pool } from "../../src/workers/pool/pool.ts";
import type { PoolTask } from "../../src/workers/pool/task.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { serverTest } from "./fixtures/harness.ts";

/** A clock on which something has passed whenever one looks. */
class RestlessClock extends VirtualClock {
  #looks = 0;

  override now(): number {
    return super.now() + ++this.#looks;
  }
}

/** Keeps the calls that it is given, and answers them. */
class KeepingPool implements Pool {
  readonly tasks: PoolTask[] = [];

  document() {
    const info = { title: "pool", version: "1" };
    return openRpcSchema.parse({ openrpc: "1.3.2", info, methods: [{ name: "work" }] });
  }

  submit(task: PoolTask) {
    this.tasks.push(task);
    task.done({ result: null });
    return { cancel() {}, more() {} };
  }

  stats() {
    return { size: 1, up: 1, busy: 0, queued: 0, restarts: 0 };
  }

  async grow() {}
  async finish() {}
  async close() {}
}

serverTest("a worker's call has its times from one look at the clock", async (harness) => {
  const pool = new KeepingPool();
  const peer = await harness.connect(harness.listen({ pool, clock: new RestlessClock(1_000) }));
  await peer.call(1, "work", [], 250);
  const [task] = pool.tasks;
  assert.equal((task?.deadlineAtMs ?? 0) - (task?.cameAtMs ?? 0), 250);
});
