import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { createPick } from "../../src/client/endpoints/balancer.ts";
import { Call } from "../../src/client/call.ts";
import { Endpoints } from "../../src/client/endpoints/endpoints.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { changeOf, ListTeller, oneByAddress } from "../../src/discovery/snapshot.ts";
import type { Series } from "../result.ts";
import { sleep } from "../support/rpc_client.ts";
import { answeringTransport } from "./answering_transport.ts";
import type { Measure } from "./measure.ts";

const name = "membership";
const sizes = [10, 100, 1_000, 10_000];
const pickName = (size: number) => `pick, ${size} servers`;
const changeName = (size: number) => `change, ${size} servers`;
const listName = (size: number) => `list read, ${size} servers`;

/** Picks in one figure. */
const pickCount = 200_000;
/** Changes in one figure. */
const changeCount = 2_000;
/** Lists in one figure. */
const listCount = 1_000;

/** What the number of servers does to the cost of a call, and of one server's coming and going. */
export const membership: Measure = {
  name,
  async run({ quick, rounds }) {
    const used = quick ? sizes.slice(0, 2) : sizes;
    const largest = used[used.length - 1] ?? 0;
    const pools = new Map<number, Pool>();
    for (const size of used) pools.set(size, await Pool.connected(size));
    const picks = new Map<number, number[]>(used.map((size) => [size, []]));
    const changes = new Map<number, number[]>(used.map((size) => [size, []]));
    const lists = new Map<number, number[]>(used.map((size) => [size, []]));
    // One more round, whose figures are dropped: the code is being compiled.
    for (let round = 0; round <= rounds; round++) {
      for (const [size, pool] of pools) {
        await pool.callAll();
        const figures = [pool.pickUs(), pool.changeUs(), pool.listUs()] as const;
        if (round === 0) continue;
        picks.get(size)?.push(figures[0]);
        changes.get(size)?.push(figures[1]);
        lists.get(size)?.push(figures[2]);
      }
    }
    for (const pool of pools.values()) pool.close();
    const named = (
      figures: Map<number, number[]>,
      nameOf: (size: number) => string,
    ): Series[] => [...figures].map(([size, values]) => ({ name: nameOf(size), values }));
    return {
      name,
      title: "simulated servers: one pick, and one server's coming or going",
      unit: "µs",
      better: "less",
      series: [
        ...named(picks, pickName),
        ...named(changes, changeName),
        ...named(lists, listName),
      ],
      targets: [
        { of: pickName(largest), is: "at most", bound: 2, times: pickName(10) },
        { of: changeName(largest), is: "at most", bound: 2, times: changeName(10) },
      ],
      notes: [
        "A change is what a registry's watch hands to a client when one server is new or gone; flat, " +
        "and in proportion to what changed, is taken as at most twice the cost with ten servers",
        "'list read' is what a watch of ZooKeeper does once it has read the node that has changed, " +
        "before the client hears of it: what grows with the list is a copy of it, of references",
      ],
    };
  },
};

/** So many servers, all connected. */
class Pool {
  readonly #endpoints: Endpoints;
  readonly #all: readonly Instance[];

  private constructor(size: number) {
    this.#all = Array.from({ length: size }, (_, index) => instanceAt(index));
    this.#endpoints = new Endpoints(createPick("p2c", systemRandom), {
      transport: answeringTransport,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    }, { usable() {}, tried() {}, ejected() {} });
  }

  static async connected(size: number): Promise<Pool> {
    const pool = new Pool(size);
    pool.#endpoints.update(changeOf([], pool.#all), { instances: pool.#all, stale: false });
    while (pool.#endpoints.usableCount < size) await sleep(1);
    return pool;
  }

  /** One call to each, so that a pick has latencies to compare, as in a client that is at work. */
  async callAll(): Promise<void> {
    const nowMs = systemClock.now();
    for (const endpoint of this.#endpoints.all) {
      const call = new Call("ping", undefined, nowMs + 10_000);
      await new Promise<void>((answered) => endpoint.send(call, nowMs, () => answered()));
    }
  }

  pickUs(): number {
    const call = new Call("ping", undefined, Infinity);
    const nowMs = systemClock.now();
    const startedAtMs = performance.now();
    for (let i = 0; i < pickCount; i++) this.#endpoints.pick(call, nowMs);
    return (performance.now() - startedAtMs) * 1_000 / pickCount;
  }

  changeUs(): number {
    const without = this.#all.slice(0, -1);
    const [goes, comes] = [changeOf(this.#all, without), changeOf(without, this.#all)];
    const startedAtMs = performance.now();
    for (let i = 0; i < changeCount; i += 2) {
      this.#endpoints.update(goes, { instances: without, stale: false });
      this.#endpoints.update(comes, { instances: this.#all, stale: false });
    }
    return (performance.now() - startedAtMs) * 1_000 / changeCount;
  }

  listUs(): number {
    const [one] = this.#all as [Instance];
    const address = `${one.host}:${one.port}`;
    const teller = new ListTeller({ snapshot() {}, trouble() {} });
    teller.tell(oneByAddress(this.#all));
    const startedAtMs = performance.now();
    for (let i = 0; i < listCount; i += 2) {
      teller.tellChanges(new Map([[address, undefined]]));
      teller.tellChanges(new Map([[address, one]]));
    }
    return (performance.now() - startedAtMs) * 1_000 / listCount;
  }

  close(): void {
    this.#endpoints.close();
  }
}

function instanceAt(index: number): Instance {
  return {
    id: `server-${index}`,
    service: "rpc",
    host: `10.0.${index >> 8}.${index & 255}`,
    port: 6666,
    weight: 1,
    zone: "",
    version: "",
    methods: [],
    startedAtMs: 0,
  };
}
