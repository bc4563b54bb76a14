/**
 * `deno task bench`: ours beside a raw echo and beside others, each figure as a ratio of two taken
 * right after each other.
 * `deno task bench --help` tells its flags and measures.
 */

import { type BenchArguments, parseBenchArguments, usage } from "./arguments.ts";
import { fibPools } from "./measures/fib_pools.ts";
import { fibTwoServers } from "./measures/fib_servers.ts";
import { fibWorkers } from "./measures/fib_workers.ts";
import { gatewayCalls, gatewaySlowReaders } from "./measures/gateway.ts";
import { idleConnections } from "./measures/idle_connections.ts";
import { join } from "./measures/join.ts";
import { keysPing, keysStartup } from "./measures/keys_cost.ts";
import { kill } from "./measures/kill.ts";
import { killFailures } from "./measures/kill_failures.ts";
import type { Measure, Plan } from "./measures/measure.ts";
import { memory } from "./measures/memory.ts";
import { membership } from "./measures/membership.ts";
import { payloads } from "./measures/payload.ts";
import { pingKeys, pingLatency, pingManyConnections, pingOneConnection } from "./measures/ping.ts";
import { pingBesidePayload } from "./measures/ping_beside_payload.ts";
import { pingCpu } from "./measures/ping_cpu.ts";
import { pingUnderFib } from "./measures/ping_under_fib.ts";
import { soak } from "./measures/soak.ts";
import { startup, startupCpu } from "./measures/startup.ts";
import { workerHop } from "./measures/worker_hop.ts";
import { plotOf } from "./plot.ts";
import { reportOf } from "./report.ts";
import { judge, type MeasureResult } from "./result.ts";
import { buildNothing } from "./support/build.ts";
import { profileInto } from "./support/deno_command.ts";
import { rpcName } from "./systems/rpc.ts";

const pings = [pingOneConnection, pingManyConnections, pingLatency];

const measures: readonly Measure[] = [
  ...pings,
  pingCpu,
  workerHop,
  gatewayCalls,
  gatewaySlowReaders,
  ...payloads,
  fibWorkers,
  fibTwoServers,
  fibPools,
  pingUnderFib,
  pingBesidePayload,
  join,
  kill,
  killFailures,
  idleConnections,
  memory,
  soak,
  startup,
  startupCpu,
  pingKeys,
  keysPing,
  keysStartup,
  membership,
];

const { plan, only, out, profile, help } = readArguments();
const names = measures.map(({ name }) => name).join(", ");
if (help) {
  console.log(usage + names);
  Deno.exit(0);
}
const chosen = measures.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(`There is no measure ${JSON.stringify(only)}: there are ${names}`);
  Deno.exit(2);
}
if (profile !== undefined) profileInto(profile);
if (plan.quick) buildNothing();

const cores = navigator.hardwareConcurrency;
const loadAtStart = Deno.loadavg()[0] ?? 0;
if (loadAtStart > cores / 4) {
  console.error(
    `Others use this machine (load ${loadAtStart.toFixed(1)}): expect wide spreads`,
  );
}

const results: MeasureResult[] = [];
const failed: string[] = [];
for (const measure of chosen) {
  console.error(`... ${measure.name}`);
  try {
    const result = await measure.run(plan);
    results.push(result);
    console.log(reportOf(result));
  } catch (error) {
    console.error(`Cannot measure ${measure.name}:`, error);
    failed.push(measure.name);
  }
}
if (out !== undefined) await save(out, plan, results);
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}`);
  Deno.exit(1);
}

function readArguments(): BenchArguments {
  try {
    return parseBenchArguments(Deno.args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

/** Everything as JSON, and a picture of the pings. */
async function save(
  out: string,
  plan: Plan,
  results: readonly MeasureResult[],
): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const document = {
    takenAt: new Date().toISOString(),
    machine: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      cores,
      deno: Deno.version.deno,
      // Of the minute before: what others were doing.
      loadAtStart,
    },
    plan,
    measures: results.map((result) => ({ ...result, verdicts: judge(result) })),
  };
  await Deno.writeTextFile(
    `${out}/latest.json`,
    `${JSON.stringify(document, null, 2)}\n`,
  );
  const plotted = results.filter(({ name }) => pings.some((ping) => ping.name === name));
  const footer = `${plan.rounds} rounds, Deno ${Deno.version.deno}, ${Deno.build.os} ` +
    `${Deno.build.arch}, ${cores} cores; load before the start: ${loadAtStart.toFixed(1)}`;
  await Deno.writeTextFile(
    `${out}/latest.svg`,
    plotOf(plotted, rpcName, footer),
  );
  console.log(`\nWritten: ${out}/latest.json, ${out}/latest.svg`);
}
