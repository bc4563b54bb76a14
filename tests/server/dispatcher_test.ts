import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { openRpcSchema } from "../../src/procedures/openrpc.ts";
import type { Pool } from "../../src/workers/pool/pool.ts";
import type { PoolTask, TaskOutcome } from "../../src/workers/pool/task.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor } from "../support/wait_for.ts";
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

/** Keeps calls until a test ends them. */
class HoldingPool extends KeepingPool {
  override submit(task: PoolTask) {
    this.tasks.push(task);
    return { cancel() {}, more() {} };
  }

  /** Ends the oldest call, once it has come. */
  async end(outcome: TaskOutcome = { result: null }): Promise<void> {
    await waitFor("a call", () => this.tasks.length > 0);
    this.tasks.shift()?.done(outcome);
  }
}

serverTest(
  "a client that told its messageMax learns that its call was the last (P-79)",
  async (harness) => {
    const clock = new VirtualClock(1_000);
    const pool = new HoldingPool();
    const server = harness.listen({ pool, clock });
    const [peer, silent] = [await harness.connect(server), await harness.connect(server)];
    await peer.call(0, "rpc.discover", { messageMax: 100_000_000 });
    for (const id of [1, 2]) await peer.request(id, "work", []);
    await waitFor("two calls", () => pool.tasks.length === 2);
    clock.advance(2);
    for (let i = 0; i < 2; i++) await pool.end();
    await peer.answer(2);
    const told = () =>
      peer.lines.slice(1).map((line) => JSON.parse(line).method ?? JSON.parse(line).id);
    assert.deepEqual(told(), [1, "rpc.idle", 2]);

    await peer.request("short", "work", []);
    await pool.end();
    await peer.answer("short");
    assert.deepEqual(told(), [1, "rpc.idle", 2, "short"]);

    await silent.request(3, "work", []);
    await waitFor("its call", () => pool.tasks.length === 1);
    clock.advance(2);
    await pool.end();
    await silent.answer(3);
    assert.equal(silent.lines.length, 1);
  },
);

serverTest(
  "nothing is told of being idle where a worker may still run, or no answer follows (P-79)",
  async (harness) => {
    const clock = new VirtualClock(1_000);
    const pool = new HoldingPool();
    const peer = await harness.connect(harness.listen({ pool, clock }));
    await peer.call(0, "rpc.discover", { messageMax: 100_000_000 });
    const late = new RpcError("DeadlineExceeded", "It took too long", { executed: "maybe" });
    const outcomes = [[1, { error: late }], [undefined, { result: null }]] as const;
    for (const [id, outcome] of outcomes) {
      await peer.request(id, "work", []);
      await waitFor("the call", () => pool.tasks.length === 1);
      clock.advance(2);
      await pool.end(outcome);
    }
    await peer.call("last", "rpc.ping");
    const ids = peer.lines.slice(1).map((line) => JSON.parse(line).id);
    assert.deepEqual(ids, [1, "last"]);
  },
);

serverTest("nothing is told of being idle for a member of a batch (P-79)", async (harness) => {
  const clock = new VirtualClock(1_000);
  const pool = new HoldingPool();
  const peer = await harness.connect(harness.listen({ pool, clock }));
  await peer.call(0, "rpc.discover", { messageMax: 100_000_000 });
  const member = (id: number) => ({ jsonrpc: "2.0", id, method: "work", params: [] });
  const told = () => peer.lines.filter((line) => line.includes("rpc.idle")).length;
  await peer.send(`${JSON.stringify([member(1), member(2)])}\n`);
  await waitFor("both calls", () => pool.tasks.length === 2);
  clock.advance(2);
  for (let i = 0; i < 2; i++) await pool.end();
  await waitFor("the answer", () => peer.lines.length > 1);
  assert.equal(told(), 0);
  await peer.request(3, "work", []);
  await waitFor("the call", () => pool.tasks.length === 1);
  clock.advance(2);
  await pool.end();
  await peer.answer(3);
  assert.equal(told(), 1);
});

serverTest("a worker's call has its times from one look at the clock", async (harness) => {
  const pool = new KeepingPool();
  const peer = await harness.connect(harness.listen({ pool, clock: new RestlessClock(1_000) }));
  await peer.call(1, "work", [], 250);
  const [task] = pool.tasks;
  assert.equal((task?.deadlineAtMs ?? 0) - (task?.cameAtMs ?? 0), 250);
});
