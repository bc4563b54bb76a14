/** `ping` with an index, which the answer holds and the client looks for, beside peers. */

import { blockingPython } from "../systems/blocking_python.ts";
import { goNetRpc, goNetRpcWithKeys } from "../systems/go_net_rpc.ts";
import { grpcJs, grpcJsWithKeys } from "../systems/grpc_js.ts";
import { jayson } from "../systems/jayson.ts";
import { rawEcho } from "../systems/raw_echo.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { kitex } from "../systems/kitex.ts";
import { nats } from "../systems/nats.ts";
import { tarpc } from "../systems/compiled.ts";
import { rpc, rpcWithKeys } from "../systems/rpc.ts";
import { coresNote } from "../support/cores.ts";
import type { LoadResult, System } from "../systems/system.ts";
import type { MeasureResult, Target } from "../result.ts";
import { inTurns, type Measure, rateOf, underLoad } from "./measure.ts";

/** One core a side. */
const compiled = [tarpc, grpcGo, kitex, nats, goNetRpc];

const all = [rawEcho, rpc, ...compiled, grpcJs, jayson, blockingPython];

interface PingOptions {
  /** @default all of the others */
  readonly systems?: readonly System[];
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: MeasureResult["better"];
  readonly connections: number;
  readonly inFlight: number;
  readonly latencies: boolean;
  readonly figure: (result: LoadResult) => number;
  readonly targets: readonly Target[];
}

function pingMeasure(options: PingOptions): Measure {
  const {
    name,
    title,
    unit,
    better,
    connections,
    inFlight,
    latencies,
    figure,
    targets,
    systems = all,
  } = options;
  return {
    name,
    async run({ rounds, load }) {
      const shape = { ...load, connections, inFlight, latencies };
      const series = await inTurns(
        rounds,
        systems.map((system) => underLoad(system, shape, figure)),
      );
      return {
        name,
        title,
        unit,
        better,
        reference: systems[0]?.name ?? rawEcho.name,
        series,
        targets,
        notes: [await coresNote()],
      };
    },
  };
}

function atLeast(bound: number, times: string): Target {
  return { of: rpc.name, is: "at least", bound, times };
}

/** All on one connection. */
export const pingOneConnection = pingMeasure({
  name: "ping_one_connection",
  title: "ping [i], 1 connection, 64 calls in flight",
  unit: "calls/s",
  better: "more",
  connections: 1,
  inFlight: 64,
  latencies: false,
  figure: rateOf,
  targets: [
    atLeast(0.7, rawEcho.name),
    atLeast(1, tarpc.name),
    ...[grpcGo, kitex, nats, goNetRpc].map(({ name }) => atLeast(3, name)),
    atLeast(30, grpcJs.name),
  ],
});

/** Spread over connections, so that less comes with each read. */
export const pingManyConnections = pingMeasure({
  name: "ping_many_connections",
  title: "ping [i], 32 connections, 8 calls in flight on each",
  unit: "calls/s",
  better: "more",
  connections: 32,
  inFlight: 8,
  latencies: false,
  figure: rateOf,
  targets: [atLeast(0.5, rawEcho.name), atLeast(0.9, tarpc.name), atLeast(3, goNetRpc.name)],
});

/** Nothing to batch. */
export const pingLatency = pingMeasure({
  name: "ping_latency",
  title: "ping [i], one at a time: median latency",
  unit: "ms",
  better: "less",
  connections: 1,
  inFlight: 1,
  latencies: true,
  figure: ({ p50Ms }) => p50Ms,
  targets: [
    { of: rpc.name, is: "at most", bound: 1.3, times: rawEcho.name },
    { of: rpc.name, is: "at most", bound: 1, times: goNetRpc.name },
  ],
});

/** Ours beside itself with keys, and others by TLS with certificates on both sides. */
export const pingKeys = pingMeasure({
  name: "ping_keys",
  title: "ping [i] by TLS with certificates on both sides, 1 connection, 64 calls in flight",
  unit: "calls/s",
  better: "more",
  connections: 1,
  inFlight: 64,
  latencies: false,
  figure: rateOf,
  systems: [rpc, rpcWithKeys, grpcJsWithKeys, goNetRpcWithKeys],
  targets: [
    { of: rpcWithKeys.name, is: "at least", bound: 1 / 2, times: rpc.name },
    { of: rpcWithKeys.name, is: "at least", bound: 1, times: goNetRpcWithKeys.name },
    { of: rpcWithKeys.name, is: "at least", bound: 15, times: grpcJsWithKeys.name },
  ],
});
