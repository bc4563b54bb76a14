import { type Clock, orAborted } from "../../base/clock.ts";
import { gatewayServersAskedMax, gatewayServerTimeoutMs } from "../limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery, Instance } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { ServerRows } from "../../library/survey/server_rows.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { statsSchema } from "../../wire/reports/stats.ts";

/** What servers are looked at with. */
interface ServersOptions {
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly service: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The servers as the page shows them. They are asked only while somebody looks. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #rows: ServerRows;
  #asking: Promise<void> | undefined;

  constructor(options: ServersOptions) {
    const { transport, clock } = options;
    this.#options = options;
    this.#rows = new ServerRows({
      ask: async (instance) =>
        statsSchema.parse(
          await callOnce(instance, reservedMethods.stats, gatewayServerTimeoutMs, {
            transport,
            clock,
          }),
        ),
      clock,
      onEvent() {},
    });
  }

  /** All of them as JSON, but for secrets. Those who ask at the same time are told the same. */
  async list(signal: AbortSignal): Promise<Record<string, unknown>[]> {
    this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
    await orAborted(this.#asking, signal);
    return this.#rows.all.map(({ instance, state, problem, stats }) => ({
      ...shownOf(instance),
      state: state ?? "asking",
      ...(problem === undefined ? {} : { problem }),
      ...(stats === undefined ? {} : { stats }),
    }));
  }

  async #ask(): Promise<void> {
    const { discovery, service, signal } = this.#options;
    for await (const { instances } of snapshots(discovery, service, signal)) {
      await this.#rows.update(instances.slice(0, gatewayServersAskedMax));
      break;
    }
    await this.#rows.ask();
  }
}

function shownOf(instance: Instance): Record<string, unknown> {
  const { id, zone, version, weight, startedAtMs } = instance;
  return { id, address: addressOf(instance), zone, version, weight, startedAtMs };
}
