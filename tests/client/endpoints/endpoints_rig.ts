import type { RpcError } from "../../../src/base/errors.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { createPick } from "../../../src/client/endpoints/balancer.ts";
import { Call, type CallItems } from "../../../src/client/call.ts";
import type { Endpoint } from "../../../src/client/endpoints/endpoint.ts";
import { Endpoints } from "../../../src/client/endpoints/endpoints.ts";
import type { EndpointDependencies } from "../../../src/client/endpoints/endpoint_types.ts";
import type { Instance } from "../../../src/discovery/discovery.ts";
import { FakeLists } from "../../support/fake_discovery.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** A set of endpoints over a transport in memory, under a clock that stands still. */
export class EndpointsRig {
  /** From 0 on a moment would be the same as the time that has passed. */
  readonly clock = new VirtualClock(1_000_000);
  readonly transport = new MemoryTransport();
  readonly ejected: string[] = [];
  readonly #lists = new FakeLists();
  usable = 0;
  readonly endpoints: Endpoints;

  /** @param options which servers it connects to and prefers, and where it logs */
  constructor(options: Partial<Pick<EndpointDependencies, "subset" | "zone" | "log">> = {}) {
    this.endpoints = new Endpoints(createPick("random", seededRandom(1)), {
      transport: this.transport,
      clock: this.clock,
      random: seededRandom(2),
      log: silentLogger,
      ...options,
    }, {
      usable: () => this.usable++,
      tried: () => {},
      ejected: (endpoint) => this.ejected.push(endpoint.address),
    });
  }

  /** A rig with servers at these ports, all connected. */
  static async connected(...ports: number[]): Promise<EndpointsRig> {
    const rig = new EndpointsRig();
    for (const port of ports) rig.transport.server(port);
    await rig.list(ports);
    return rig;
  }

  /** Lists instances, by their port if nothing else matters, and lets what follows happen. */
  async list(instances: readonly (number | Instance)[], stale = false): Promise<void> {
    const { instances: listed, change } = this.#lists.next(instances, stale);
    this.endpoints.update(change, { instances: listed, stale });
    await settled();
  }

  /** The endpoint at a port; fails if there is none. */
  at(port: number): Endpoint {
    const found = [...this.endpoints.all].find(({ address }) => address === `127.0.0.1:${port}`);
    if (found === undefined) throw new Error(`No endpoint at port ${port}`);
    return found;
  }

  /** What is known of the latency of a method at a port. */
  latencyOf(port: number, method: string): number {
    return this.endpoints.loads.of(method).latencyOf(this.at(port).row, this.clock.now());
  }

  /** What there is, as `port priority`, by port. */
  get picture(): string[] {
    return [...this.endpoints.all]
      .sort((one, other) => one.instance.port - other.instance.port)
      .map(({ instance, priority }) => `${instance.port} ${priority}`);
  }

  /** The ports that a number of picks give, each once, in order. */
  picks(avoid: readonly number[] = [], method = "ping"): number[] {
    const ports = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const call = new Call(method, undefined, this.clock.now() + 1_000);
      if (avoid.length > 0) call.avoid = new Set(avoid.map((port) => this.at(port)));
      const endpoint = this.endpoints.pick(call, this.clock.now());
      if (endpoint !== undefined) ports.add(endpoint.instance.port);
    }
    return [...ports].sort((a, b) => a - b);
  }

  /** Sends a call to the endpoint at a port, and returns how it ended, if it did. */
  async send(
    port: number,
    method = "fib",
    stream?: CallItems,
  ): Promise<{ error: RpcError | undefined } | undefined> {
    let end: { error: RpcError | undefined } | undefined;
    const call = new Call(method, [1], this.clock.now() + 1_000);
    call.stream = stream;
    this.at(port).send(call, this.clock.now(), (error) => end = { error });
    await settled();
    return end;
  }

  /** Lets calls at a port end at their deadlines. */
  timeOut(port: number, times: number): void {
    for (let i = 0; i < times; i++) this.at(port).timedOut("fib", this.clock.now());
  }
}
