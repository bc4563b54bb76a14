import { percentagesOf } from "../base/percentages.ts";
import { quantileOf } from "../base/quantile.ts";
import type {
  DemoCall,
  DemoClientState,
  DemoMethod,
  DemoPhase,
  DemoRecord,
  DemoServerState,
} from "./record.ts";

/** Latencies of some calls that succeeded, in milliseconds. */
interface LatencyFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a server answered. */
interface ServerFigures {
  readonly server: DemoServerState;
  readonly calls: number;
  /** The share of the calls that these servers answered, from 0 to 1. */
  readonly share: number;
  /** The same in whole percent; all together make 100. */
  readonly percent: number;
}

/** One scenario in numbers. */
export interface ScenarioFigures {
  /** From 1. */
  readonly scenario: number;
  readonly calls: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly latency: Readonly<Record<DemoMethod, LatencyFigures>>;
  /** The servers that took calls when it began. */
  readonly servers: readonly ServerFigures[];
}

/** The numbers of each scenario that was played. */
export function figuresOf(record: DemoRecord): ScenarioFigures[] {
  return record.phases.map((phase) => figuresOfPhase(record, phase));
}

function figuresOfPhase(record: DemoRecord, phase: DemoPhase): ScenarioFigures {
  const calls = record.callsOf(phase);
  const endMs = phase.endMs ?? record.nowMs;
  const answered = calls.filter(({ error }) => error === undefined);
  return {
    scenario: phase.scenario,
    calls: calls.length,
    errors: calls.length - answered.length,
    perSecond: endMs > phase.startMs ? 1_000 * calls.length / (endMs - phase.startMs) : 0,
    latency: {
      ping: latencyOf(answered, "ping"),
      pi: latencyOf(answered, "pi"),
      fib: latencyOf(answered, "fib"),
    },
    servers: sharesOf(servingDuring(record, phase), answered),
  };
}

function servingDuring({ servers }: DemoRecord, { startMs }: DemoPhase): DemoServerState[] {
  return servers.filter(({ readyAtMs, lostAtMs }) =>
    readyAtMs !== undefined && readyAtMs <= startMs &&
    !(lostAtMs !== undefined && lostAtMs <= startMs)
  );
}

function latencyOf(calls: readonly DemoCall[], method: DemoMethod): LatencyFigures {
  const latencies = calls.filter((call) => call.method === method).map((call) => call.durationMs)
    .toSorted((one, other) => one - other);
  return { p50Ms: quantileOf(latencies, 0.5), p99Ms: quantileOf(latencies, 0.99) };
}

/** How many of some calls each server answered. */
export function sharesOf(
  servers: readonly DemoServerState[],
  answered: readonly DemoCall[],
): ServerFigures[] {
  const counts = new Map<string, number>();
  for (const { server } of answered) {
    if (server !== undefined) counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  // The answer of a killed server may be read when that server is no longer in the list.
  const calls = servers.map(({ address = "" }) => counts.get(address) ?? 0);
  const sum = calls.reduce((total, count) => total + count, 0);
  const shares = calls.map((count) => sum === 0 ? 0 : count / sum);
  const percentages = percentagesOf(shares);
  return servers.map((server, i) => ({
    server,
    calls: calls[i] ?? 0,
    share: shares[i] ?? 0,
    percent: percentages[i] ?? 0,
  }));
}

/** How many calls of each procedure each server answered, over the whole demo. */
export function answersOf(
  record: DemoRecord,
): { readonly server: DemoServerState; readonly calls: Readonly<Record<DemoMethod, number>> }[] {
  return record.servers.map((server) => {
    const calls = { ping: 0, pi: 0, fib: 0 };
    for (const call of record.calls) {
      if (server.address !== undefined && call.server === server.address) calls[call.method]++;
    }
    return { server, calls };
  });
}

/**
 * How long after the last server had joined each client was seen to be connected to that many
 * servers, in milliseconds. That is seen at the end of a call, so the time may be too long by the
 * length of a call. A client that never was connected to so many is missing.
 */
export function connectedAfterMs(
  { servers, calls }: DemoRecord,
  phase: DemoPhase,
  count: number,
): number[] {
  const ready = servers.map(({ readyAtMs }) => readyAtMs ?? Infinity);
  const lastReadyMs = Math.max(...ready.filter((atMs) => atMs <= phase.startMs));
  const first = new Map<DemoClientState, number>();
  for (const { client, connected, atMs } of calls) {
    if (atMs < lastReadyMs || atMs > (phase.endMs ?? Infinity)) continue;
    if (connected < count || first.has(client)) continue;
    first.set(client, atMs - lastReadyMs);
  }
  return [...first.values()];
}
