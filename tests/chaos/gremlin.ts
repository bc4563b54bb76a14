/**
 * Faults drawn at random, each begun and ended, against servers behind proxies and a ZooKeeper
 * ensemble.
 */

import { type Random, randomInt } from "../../src/base/random.ts";
import { connectOutsider } from "../discovery/zookeeper/zookeeper_support.ts";
import { freePort } from "../support/free_port.ts";
import type { RpcServerProcess } from "../support/rpc_process.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp_proxy.ts";
import type { ZooKeeperEnsemble } from "../support/zookeeper_server.ts";
import { type Cluster, unrulyProcedures } from "./cluster.ts";

/** A server that faults happen to. */
export class Target implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly #cluster: Cluster;
  readonly #port: number;
  readonly #env: Readonly<Record<string, string>>;
  #server: RpcServerProcess | undefined;

  private constructor(cluster: Cluster, port: number, env: Readonly<Record<string, string>>) {
    this.#cluster = cluster;
    this.#port = port;
    this.#env = env;
    this.proxy = startTcpProxy({ targetPort: port });
  }

  /** Starts a server that clients reach through a proxy, with the unruly procedures too. */
  static async start(
    cluster: Cluster,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Target> {
    const target = new Target(cluster, freePort(), env);
    await target.restart();
    return target;
  }

  /** Its process, the latest one. */
  get server(): RpcServerProcess {
    if (this.#server === undefined) throw new Error("The server was never started");
    return this.#server;
  }

  /** Starts it at the same address. */
  async restart(): Promise<void> {
    this.#server = await this.#cluster.serve({
      port: this.#port,
      env: this.#env,
      module: unrulyProcedures,
      // Two workers: one that is being replaced leaves another.
      args: ["--workers", "2", "--advertise", `127.0.0.1:${this.proxy.port}`],
    });
  }

  /** Kills one of its workers, if it has any now. */
  async killWorker(): Promise<void> {
    const { pid } = this.server;
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    const [worker] = children.trim().split(" ").filter((child) => child !== "").map(Number);
    if (worker === undefined) return;
    try {
      Deno.kill(worker, "SIGKILL");
    } catch {
      // It has just been replaced.
    }
  }

  /** Sends what is no message. */
  async sendGarbage(): Promise<void> {
    using socket = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    await socket.write(new TextEncoder().encode('}\n{"jsonrpc":"2.0","id":1,"method":"pi'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.proxy[Symbol.asyncDispose]();
  }
}

/** One kind of fault: begins it, holds it for a while, and ends it. */
export type Fault<Victim> = (victim: Victim, random: Random) => Promise<void>;

/** Faults of a server that end its process. */
export const deadlyFaults: Readonly<Record<string, Fault<Target>>> = {
  async SIGKILL(target, random) {
    await target.server.kill();
    await pause(2_000 * random());
    await target.restart();
  },
  async SIGTERM(target, random) {
    const code = await target.server.stop();
    if (code !== 0) {
      throw new Error(`SIGTERM ended in ${code}: ${target.server.process.describe()}`);
    }
    await pause(1_000 * random());
    await target.restart();
  },
};

/** Faults that its process survives. */
export const survivableFaults: Readonly<Record<string, Fault<Target>>> = {
  async SIGSTOP(target, random) {
    target.server.process.signal("SIGSTOP");
    await pause(500 + 5_500 * random());
    target.server.process.signal("SIGCONT");
  },
  async blackHole({ proxy }, random) {
    proxy.blackHole();
    await pause(500 + 5_500 * random());
    proxy.heal();
  },
  cut({ proxy }) {
    proxy.cut();
    return Promise.resolve();
  },
  async cutWithin({ proxy }, random) {
    proxy.cutAfter(randomInt(random, 2_000), random() < 0.5 ? "toClient" : "toServer");
    await pause(1_000);
    proxy.heal();
  },
  async delay({ proxy }, random) {
    proxy.delay(300 * random());
    await pause(2_000 * random());
    proxy.heal();
  },
  async trickle({ proxy }, random) {
    proxy.trickle(100 + randomInt(random, 2_000));
    await pause(2_000 * random());
    proxy.heal();
  },
  workerKilled: (target) => target.killWorker(),
  garbage: (target) => target.sendGarbage(),
};

/** Faults of the registry. */
export const registryFaults: Readonly<Record<string, Fault<ZooKeeperEnsemble>>> = {
  async memberKilled({ members }, random) {
    const member = members[randomInt(random, members.length)];
    await member?.stop();
    await pause(3_000 * random());
    // Nobody waits until it serves: on a busy machine that may take long, and it is one fault more.
    member?.start();
  },
  async memberStopped({ members }, random) {
    const member = members[randomInt(random, members.length)];
    const because = member?.endedBecause();
    if (because !== undefined) {
      // As whoever keeps it running would do. It is one fault more, and not of our making.
      console.log(`ZooKeeper on port ${member?.port} had ended; its log ends:\n${because}`);
      member?.start();
      return;
    }
    member?.pause();
    await pause(6_000 * random());
    member?.resume();
  },
  async allKilled({ members }, random) {
    await Promise.all(members.map((member) => member.stop()));
    await pause(8_000 * random());
    for (const member of members) member.start();
  },
  registrationDeleted: (ensemble, random) =>
    meddle(ensemble, async (outsider) => {
      const { children } = await outsider.getChildren("/services/rpc");
      const name = children[randomInt(random, children.length)];
      if (name !== undefined) await outsider.delete(`/services/rpc/${name}`);
    }),
  malformed: (ensemble, random) =>
    meddle(ensemble, async (outsider) => {
      await outsider.create(`/services/rpc/bad${randomInt(random, 1e9)}`, "{", {
        mode: "ephemeral",
      });
      await pause(500);
    }),
};

/** An outsider meddles, if ZooKeeper can be reached. */
async function meddle(
  ensemble: ZooKeeperEnsemble,
  act: (outsider: Awaited<ReturnType<typeof connectOutsider>>) => Promise<void>,
): Promise<void> {
  const outsider = await connectOutsider(ensemble.members[0]?.port ?? 0).catch(() => undefined);
  try {
    if (outsider !== undefined) await act(outsider);
  } catch {
    // What is to be meddled with is gone, or the quorum is: both happen here.
  } finally {
    await outsider?.close();
  }
}

/** Waits. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
