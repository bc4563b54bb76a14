import assert from "node:assert/strict";
import type { RpcError } from "../../src/base/errors.ts";
import type { Random } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Tracer } from "../../src/base/tracer.ts";
import type { CallReport } from "../../src/client/call_report.ts";
import { Client } from "../../src/client/client.ts";
import type { CallOptions } from "../../src/client/client_options.ts";
import type { BalancePolicy } from "../../src/client/endpoints/endpoint_types.ts";
import type { Params } from "../../src/wire/message.ts";
import { FakeDiscovery } from "../support/fake_discovery.ts";
import { type FakeServer, MemoryTransport } from "../support/memory_transport.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

/** What the servers of these tests say of themselves. */
export const document = {
  methods: [{ name: "fib", "x-idempotent": true }, { name: "pay", "x-idempotent": false }],
};

/** How a call ends, as it does. */
export interface Outcome {
  report: CallReport | undefined;
}

/** Makes sure that a call has not ended. */
export function assertUnderWay({ report }: Outcome): void {
  assert.equal(report, undefined, "the call has ended");
}

/** The error of a call that has ended; `undefined`: it has a result. */
export function errorOf({ report }: Outcome): RpcError | undefined {
  assert.ok(report !== undefined, "the call has not ended");
  return report.error;
}

/** A client in memory: its servers, its registry and its clock do what a test says. */
export class ClientRig {
  readonly clock = new VirtualClock();
  readonly transport = new MemoryTransport();
  readonly discovery = new FakeDiscovery();
  readonly client: Client;
  readonly #described = new Set<FakeServer>();

  /** Why the registry could not be asked, each time, and `undefined` when it could again. */
  readonly registry: (string | undefined)[] = [];

  constructor(options: { balance?: BalancePolicy; random?: Random; tracer?: Tracer } = {}) {
    this.client = new Client({
      discovery: this.discovery,
      balance: options.balance ?? "round-robin",
      transport: this.transport,
      clock: this.clock,
      random: options.random ?? seededRandom(3),
      tracer: options.tracer,
      registryChanged: (trouble) => this.registry.push(trouble?.message),
    });
  }

  /** A rig whose client is connected to servers at these ports. */
  static async connected(...ports: number[]): Promise<ClientRig> {
    const rig = new ClientRig();
    for (const port of ports) rig.server(port);
    await rig.list(...ports);
    return rig;
  }

  /** The server at a port, which describes its methods. */
  server(port: number): FakeServer {
    const server = this.transport.server(port);
    if (!this.#described.has(server)) server.describe = () => document;
    this.#described.add(server);
    return server;
  }

  async list(...ports: number[]): Promise<void> {
    this.discovery.push(ports);
    await settled();
  }

  /** Starts a call, and lets happen what can at once. */
  async call(method: string, params?: Params, options?: CallOptions): Promise<Outcome> {
    const outcome: Outcome = { report: undefined };
    void this.client.report(method, params, options).then((report) => outcome.report = report);
    await settled();
    return outcome;
  }

  /** Lets time pass in small steps, and what happens in it. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await settled();
    }
  }
}
