import type { Random } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { BalancePolicy } from "../../src/client/endpoints/endpoint_types.ts";
import type { CallReport } from "../../src/client/call_report.ts";
import { Client } from "../../src/client/client.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { FakeDiscovery, instanceAt } from "../support/fake_discovery.ts";
import { SimNetwork } from "./network.ts";
import { SimServer, type SimServerOptions } from "./server.ts";
import { settled, SimClock } from "./sim_clock.ts";

/** What a simulated world consists of. */
export interface WorldOptions {
  readonly seed: number;
  readonly servers: number;
  readonly clients: number;
  /** Workers of each server. @default 2 */
  readonly workers?: number;
  /** Mean time that a call takes. @default 10 */
  readonly serviceMs?: number;
  /** How far a call's time is from the mean at the most, as a share of it. @default 0.5 */
  readonly spread?: number;
  /** @default "p2c" */
  readonly balance?: BalancePolicy;
  /** @default "all" */
  readonly subset?: number | "all" | undefined;
  /** Zones that servers and clients are of in turns. @default 0, which is none */
  readonly zones?: number;
  /** A server's weight, by its index. @default 1 for each */
  readonly weightOf?: ((index: number) => number) | undefined;
}

/** A period's calls. */
export interface Tally {
  readonly calls: number;
  readonly answered: number;
  /** Failed calls by error. */
  readonly failed: Readonly<Record<string, number>>;
  /** Times that a call was sent, on average. */
  readonly amplification: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly report: string;
}

/** Real clients, simulated servers, a network and a registry between them, and a clock over all. */
export class World implements AsyncDisposable {
  readonly clock = new SimClock();
  readonly random: Random;
  readonly network: SimNetwork;
  readonly discovery = new FakeDiscovery();
  readonly servers: readonly SimServer[];
  readonly #options: WorldOptions;
  readonly #clients: Client[];
  readonly #instances: Instance[];
  readonly #zones: readonly string[];

  constructor(options: WorldOptions) {
    const { seed, servers, clients } = options;
    this.#options = options;
    const { zones = 0, weightOf } = options;
    this.#zones = zones === 0 ? [""] : Array.from({ length: zones }, (_, index) => `zone-${index}`);
    this.random = seededRandom(seed);
    this.network = new SimNetwork(this.clock, seededRandom(seed + 1));
    this.servers = Array.from(
      { length: servers },
      (_, index) => new SimServer(index + 1, this.network, this.service()),
    );
    this.#instances = this.servers.map(({ port }) =>
      instanceAt(port, { zone: this.zoneOf(port - 1), weight: weightOf?.(port - 1) ?? 1 })
    );
    this.#clients = Array.from({ length: clients }, (_, index) => this.#newClient(index));
  }

  get clients(): readonly Client[] {
    return this.#clients;
  }

  /** One more client, which is told the current list. */
  addClient(): void {
    this.#clients.push(this.#newClient(this.#clients.length));
  }

  #newClient(index: number): Client {
    const { seed, balance = "p2c" } = this.#options;
    return new Client({
      discovery: this.discovery,
      balance,
      subset: "subset" in this.#options ? this.#options.subset : "all",
      zone: this.zoneOf(index),
      transport: this.network,
      clock: this.clock,
      random: seededRandom(seed + 2 + index),
    });
  }

  /** A new process at a server's address, with an id of its own. It is in the next list. */
  renew(server: SimServer): void {
    server.start();
    const index = server.port - 1;
    const instance = this.#instances[index] as Instance;
    this.#instances[index] = { ...instance, id: `${instance.id}+` };
  }

  /** The zone of a server or a client by its index. */
  zoneOf(index: number): string {
    return this.#zones[index % this.#zones.length] as string;
  }

  /** How a healthy server is. `slowness` times as slow. */
  service(slowness = 1): SimServerOptions {
    const { workers = 2, serviceMs = 10, spread = 0.5 } = this.#options;
    const meanMs = serviceMs * slowness;
    return { workers, serviceMs: () => meanMs * (1 + spread * (2 * this.random() - 1)) };
  }

  /** Calls a second that all servers together can do. */
  get capacity(): number {
    const { servers, workers = 2, serviceMs = 10 } = this.#options;
    return servers * workers * 1_000 / serviceMs;
  }

  /** The registry lists all servers, or these. */
  async list(servers: readonly SimServer[] = this.servers): Promise<void> {
    this.discovery.push(servers.map(({ port }) => this.#instances[port - 1] as Instance));
    await settled();
  }

  /** Lets clients connect, without calls. */
  async connect(): Promise<void> {
    await this.list();
    await this.clock.pass(50);
  }

  /**
   * Calls at random moments for so long, whatever becomes of them, so many a second from all
   * clients together, and waits until all have ended.
   *
   * @param partOf how much each client calls, relative to others. `0`: not at all
   */
  async load(
    perSecond: number,
    durationMs: number,
    timeoutMs = 1_000,
    partOf: (client: number) => number = () => 1,
  ): Promise<Tally> {
    const results = new Results();
    let made = 0;
    const calling = [...this.clients.keys()].filter((index) => partOf(index) > 0);
    const parts = calling.reduce((sum, index) => sum + partOf(index), 0);
    const endMs = this.clock.now() + durationMs;
    const client = (index: number) => {
      const ownPerSecond = perSecond * partOf(index) / parts;
      // Kept apart from the clock, which rounds: who calls each millisecond would call less.
      let dueMs = this.clock.now();
      const next = () => {
        dueMs += -Math.log(1 - this.random()) * 1_000 / ownPerSecond;
        this.clock.after(dueMs - this.clock.now(), () => {
          if (this.clock.now() >= endMs) return;
          made++;
          void (this.clients[index] as Client).report("work", [], { timeoutMs })
            .then((report) => results.add(report));
          next();
        });
      };
      next();
    };
    for (const index of calling) client(index);
    await this.clock.pass(durationMs);
    // No longer than until the last one has ended.
    for (let lateMs = 0; results.calls < made && lateMs < timeoutMs + 200; lateMs += 50) {
      await this.clock.pass(50);
    }
    if (results.calls !== made) throw new Error(`${made - results.calls} calls never ended`);
    return results.tally();
  }

  /**
   * Each client makes one call after the other for so long. Returns how many were answered a
   * second.
   */
  async loops(durationMs: number): Promise<number> {
    const endMs = this.clock.now() + durationMs;
    let answered = 0;
    const loops = this.clients.map(async (client) => {
      while (this.clock.now() < endMs) {
        const { error } = await client.report("work", [], { timeoutMs: durationMs });
        if (error === undefined) answered++;
      }
    });
    await this.clock.pass(2 * durationMs);
    await Promise.all(loops);
    return answered * 1_000 / durationMs;
  }

  /**
   * The first client makes so many calls, `concurrency` of them at a time. Returns what each server
   * got.
   */
  async calls(count: number, concurrency: number): Promise<number[]> {
    const before = this.servers.map(({ received }) => received);
    const [client] = this.clients as [Client];
    let left = count;
    const callers = Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await client.report("work", [], { timeoutMs: 60_000 });
    });
    let isOver = false;
    const over = Promise.all(callers).then(() => isOver = true);
    while (!isOver) await this.clock.pass(100);
    await over;
    return this.servers.map(({ received }, index) => received - (before[index] as number));
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.close();
    return settled();
  }
}

/** What became of calls. It keeps no reports, of which a large world makes millions. */
class Results {
  calls = 0;
  #answered = 0;
  #attempts = 0;
  readonly #failed: Record<string, number> = {};
  /** How many were answered in so many milliseconds, which are whole ones here. */
  readonly #times = new Map<number, number>();

  add({ error, attempts, durationMs }: CallReport): void {
    this.calls++;
    this.#attempts += attempts;
    if (error === undefined) {
      this.#answered++;
      this.#times.set(durationMs, (this.#times.get(durationMs) ?? 0) + 1);
    } else this.#failed[error.name] = (this.#failed[error.name] ?? 0) + 1;
  }

  tally(): Tally {
    const tally = {
      calls: this.calls,
      answered: this.#answered,
      failed: this.#failed,
      amplification: this.#attempts / this.calls,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
    };
    return { ...tally, report: JSON.stringify(tally) };
  }

  #quantile(share: number): number {
    let left = Math.ceil(share * this.#answered);
    for (const timeMs of [...this.#times.keys()].sort((a, b) => a - b)) {
      left -= this.#times.get(timeMs) as number;
      if (left <= 0) return timeMs;
    }
    return NaN;
  }
}
