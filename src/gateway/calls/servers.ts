import { createHash } from "node:crypto";
import { type Clock, orAborted, sleep } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import {
  gatewayLookMs,
  gatewayOfferMs,
  gatewayServersAskedMax,
  gatewayServerTimeoutMs,
  gatewayViewWaitMs,
} from "../limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { callOnce } from "../../client/call_once.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import { snapshots } from "../../discovery/snapshots.ts";
import { type ServerRow, ServerRows } from "../../library/survey/server_rows.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { readStats } from "../../wire/reports/stats.ts";
import type { Catalogue } from "./catalogue.ts";

/** What a {@link Servers} needs. */
interface ServersOptions {
  readonly catalogue: Catalogue;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly service: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One procedure over all servers. */
interface MethodFigures {
  calls: number;
  errors: number;
  /** Calls a second since the last view. */
  rate: number;
  /** The median on the slowest server. */
  p50Ms: number | undefined;
  p99Ms: number | undefined;
}

/** What the page shows at one moment. */
interface View {
  readonly servers: readonly Record<string, unknown>[];
  readonly methods: Readonly<Record<string, MethodFigures>>;
  /** It changes when the servers' methods change. */
  readonly version: string;
  /** Why the servers' methods are not known. */
  readonly problem?: string;
}

/** The servers as the page shows them. They are asked only while a page is open. */
export class Servers {
  readonly #options: ServersOptions;
  readonly #rows: ServerRows;
  #last: { readonly view: Promise<View>; readonly atMs: number } | undefined;
  #counted: { readonly calls: ReadonlyMap<string, number>; readonly atMs: number } | undefined;
  #offer = { ids: "", untilMs: -Infinity, version: "", problem: undefined as string | undefined };
  #offering: Promise<void> | undefined;

  constructor(options: ServersOptions) {
    const { transport, clock } = options;
    this.#options = options;
    this.#rows = new ServerRows({
      ask: async (instance) =>
        readStats(
          await callOnce(instance, reservedMethods.stats, gatewayServerTimeoutMs, {
            transport,
            clock,
          }),
        ),
      clock,
      onEvent() {},
    });
  }

  /** The current view, without secrets. Requests at about the same time share one. */
  async view(signal: AbortSignal): Promise<View> {
    const now = this.#options.clock.now();
    if (this.#last === undefined || this.#last.atMs + gatewayLookMs / 2 <= now) {
      this.#last = { view: this.#look(), atMs: now };
    }
    return await orAborted(this.#last.view, signal);
  }

  /** What hangs is not waited for long: the next view has it. */
  async #look(): Promise<View> {
    const { clock, signal } = this.#options;
    const enough = new AbortController();
    const late = sleep(clock, gatewayViewWaitMs, AbortSignal.any([enough.signal, signal]));
    await Promise.race([this.#ask(), late]);
    const rows = this.#rows.all;
    this.#offering ??= this.#offered(rows).finally(() => this.#offering = undefined);
    await Promise.race([this.#offering, late]);
    enough.abort();
    const { version, problem } = this.#offer;
    const methods = this.#figures(rows);
    return {
      servers: rows.map(shownOf),
      methods,
      version,
      ...(problem === undefined ? {} : { problem }),
    };
  }

  async #ask(): Promise<void> {
    const { discovery, service, signal } = this.#options;
    let asking: Promise<void> | undefined;
    try {
      for await (const { instances } of snapshots(discovery, service, signal)) {
        // Those that have come are asked now, and the others below.
        asking = this.#rows.update(instances.slice(0, gatewayServersAskedMax));
        break;
      }
    } catch {
      // Known servers may work on while the registry cannot be reached.
    }
    await Promise.all([asking, this.#rows.ask()]);
  }

  /** Asks anew when the list changes, and periodically, since a server may reload its module. */
  async #offered(rows: readonly ServerRow[]): Promise<void> {
    const { catalogue, clock, signal } = this.#options;
    const ids = rows.map(({ instance }) => instance.id).join();
    if (ids === this.#offer.ids && clock.now() < this.#offer.untilMs) return;
    const untilMs = clock.now() + gatewayOfferMs;
    try {
      const text = JSON.stringify(await catalogue.document(signal));
      const version = createHash("sha256").update(text).digest("base64url");
      this.#offer = { ids, untilMs, version, problem: undefined };
    } catch (error) {
      this.#offer = { ids: "", untilMs, version: this.#offer.version, problem: messageOf(error) };
    }
  }

  /** Adds up the servers' counters. Names come from servers, so no name may be special. */
  #figures(rows: readonly ServerRow[]): Record<string, MethodFigures> {
    const atMs = this.#options.clock.now();
    const before = this.#counted;
    const calls = new Map<string, number>();
    const figures = new Map<string, MethodFigures>();
    for (const { instance, stats } of rows) {
      for (const [name, one] of Object.entries(stats?.methods ?? {})) {
        const key = `${instance.id} ${name}`;
        calls.set(key, one.calls);
        const sum = figures.get(name) ??
          { calls: 0, errors: 0, rate: 0, p50Ms: undefined, p99Ms: undefined };
        figures.set(name, sum);
        sum.calls += one.calls;
        sum.errors += Object.values(one.errors).reduce((all, count) => all + count, 0);
        const last = before?.calls.get(key);
        if (before !== undefined && last !== undefined && atMs > before.atMs) {
          sum.rate += 1_000 * Math.max(0, one.calls - last) / (atMs - before.atMs);
        }
        if (one.latency === null) continue;
        sum.p50Ms = Math.max(sum.p50Ms ?? 0, one.latency.p50Ms);
        sum.p99Ms = Math.max(sum.p99Ms ?? 0, one.latency.p99Ms);
      }
    }
    this.#counted = { calls, atMs };
    return Object.fromEntries(figures);
  }
}

function shownOf({ instance, state, problem, stats, callsPerSecond }: ServerRow) {
  const { id, zone, version, weight, startedAtMs } = instance;
  const latencies = Object.values(stats?.methods ?? {}).flatMap(({ latency }) => latency ?? []);
  return {
    ...{ id, address: addressOf(instance), zone, version, weight, startedAtMs },
    ...{ state: state ?? "asking", problem, rate: callsPerSecond },
    ...{ busy: stats?.workers.busy, size: stats?.workers.size },
    p99Ms: latencies.length === 0
      ? undefined
      : latencies.reduce((most, { p99Ms }) => Math.max(most, p99Ms), 0),
  };
}
