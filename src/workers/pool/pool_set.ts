import { Failure } from "../../base/errors.ts";
import { mergeOpenRpc } from "../../procedures/documents/describe.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import type { Pool, WorkerPoolStats } from "./pool.ts";
import type { PoolTask, TaskHandle } from "./task.ts";

/**
 * Several pools as one: each call goes to the first pool that offers its method. So one server can
 * run programs of different kinds.
 */
export class PoolSet implements Pool {
  readonly #pools: readonly Pool[];
  readonly #document: OpenRpcDocument;
  readonly #poolByMethod = new Map<string, Pool>();

  /** Takes the pools over: {@link close} closes them. Of equal names the first pool's is used. */
  constructor(first: Pool, ...others: readonly Pool[]) {
    this.#pools = [first, ...others];
    this.#document = mergeOpenRpc(first.document(), ...others.map((pool) => pool.document()));
    for (const pool of this.#pools.toReversed()) {
      for (const { name } of pool.document().methods) this.#poolByMethod.set(name, pool);
    }
  }

  document(): OpenRpcDocument {
    return this.#document;
  }

  submit(task: PoolTask): TaskHandle {
    const pool = this.#poolByMethod.get(task.method);
    if (pool !== undefined) return pool.submit(task);
    const message = `Cannot find ${task.method} in any worker`;
    task.done({ error: new Failure("MethodNotFound", message) });
    return { cancel() {}, more() {} };
  }

  stats(): WorkerPoolStats {
    const all = this.#pools.map((pool) => pool.stats());
    const sum = (key: keyof WorkerPoolStats) => all.reduce((total, stats) => total + stats[key], 0);
    return {
      size: sum("size"),
      up: sum("up"),
      busy: sum("busy"),
      queued: sum("queued"),
      restarts: sum("restarts"),
    };
  }

  async grow(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.grow()));
  }

  async finish(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.finish()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }
}
