import assert from "node:assert/strict";
import type { OpenRpcDocument } from "../../../src/procedures/openrpc.ts";
import { openRpcSchema } from "../../../src/procedures/openrpc.ts";
import type { Pool, WorkerPoolStats } from "../../../src/workers/pool/pool.ts";
import { PoolSet } from "../../../src/workers/pool/pool_set.ts";
import type { PoolTask, TaskHandle } from "../../../src/workers/pool/task.ts";
import type { Outcome } from "../../../src/workers/process/receiver.ts";

/** Answers each call with its own name. */
class NamedPool implements Pool {
  readonly name: string;
  readonly #methods: readonly string[];
  closed = false;

  constructor(name: string, methods: readonly string[]) {
    this.name = name;
    this.#methods = methods;
  }

  document(): OpenRpcDocument {
    return openRpcSchema.parse({
      openrpc: "1.3.2",
      info: { title: this.name, version: "1" },
      methods: this.#methods.map((name) => ({ name })),
    });
  }

  submit(task: PoolTask): TaskHandle {
    task.done({ result: this.name });
    return { cancel() {}, more() {} };
  }

  stats(): WorkerPoolStats {
    return { size: 2, up: 2, busy: 1, queued: 3, restarts: 4 };
  }

  grow(): Promise<void> {
    return Promise.resolve();
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function call(pool: Pool, method: string): Outcome | undefined {
  let outcome: Outcome | undefined;
  const done = (ended: Outcome) => outcome = ended;
  pool.submit({ method, kind: "cpu", params: [], deadlineAtMs: Infinity, done });
  return outcome;
}

Deno.test("a pool set gives each call to the first pool that offers it", async () => {
  const first = new NamedPool("first", ["a", "b"]);
  const second = new NamedPool("second", ["b", "c"]);
  const set = new PoolSet(first, second);
  assert.deepEqual(set.document().methods.map(({ name }) => name), ["a", "b", "c"]);
  assert.deepEqual(["a", "b", "c"].map((method) => call(set, method)), [
    { result: "first" },
    { result: "first" },
    { result: "second" },
  ]);
  const unknown = call(set, "d");
  assert.ok(unknown !== undefined && "error" in unknown);
  assert.equal(unknown.error.name, "MethodNotFound");
  assert.deepEqual(set.stats(), { size: 4, up: 4, busy: 2, queued: 6, restarts: 8 });
  await set.finish();
  await set.close();
  assert.deepEqual([first.closed, second.closed], [true, true]);
});
