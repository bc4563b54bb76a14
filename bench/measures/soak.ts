import { runToEnd } from "../support/child.ts";
import { denoCommand } from "../support/deno_command.ts";
import { handleCount, residentKib, statsAbsent } from "../support/process_stats.ts";
import { sleep } from "../support/rpc_client.ts";
import { startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import { type MeasureResult, type Series, spreadOf, type Target } from "../result.ts";
import type { Measure } from "./measure.ts";

const name = "soak";
const samplePeriodMs = 500;

/** Caches fill and code is compiled for about so long. */
const settleMinutes = 1;

/** Less than this after settling shows nothing. */
const judgedMinutes = 3;

/** One look at a process. */
interface Sample {
  readonly residentKib: number;
  readonly handles: number;
}

/** Whether a process that works at full rate keeps what it should give back. */
export const soak: Measure = {
  name,
  async run({ soakMinutes }): Promise<MeasureResult> {
    const isJudged = soakMinutes >= judgedMinutes;
    const series = statsAbsent === undefined ? await soaked(soakMinutes) : absentRows(statsAbsent);
    return {
      name,
      title: `ping at full rate for ${soakMinutes} minutes, 64 calls in flight`,
      unit: "MiB",
      better: "less",
      series,
      targets: isJudged && statsAbsent === undefined ? targets : [],
      notes: [
        "From the samples after the first minute (or the first third, if it is shorter), the first " +
        "and the last fifth",
        ...(isJudged ? [] : [`Too short to judge: --soak ${judgedMinutes} or more does`]),
      ],
    };
  },
};

const processes = ["server", "client"];

const rowNames = processes.flatMap((process) =>
  ["memory", "memory at the end", "handles", "handles at the end"]
    .map((row) => `${process}: ${row}`)
);

const targets = processes.flatMap((process): Target[] => [
  {
    of: `${process}: memory at the end`,
    is: "at most",
    bound: 1.1,
    times: `${process}: memory`,
  },
  {
    of: `${process}: handles at the end`,
    is: "at most",
    bound: 1,
    times: `${process}: handles`,
  },
]);

function absentRows(absent: string): Series[] {
  return rowNames.map((name) => ({ name, values: [], absent }));
}

async function soaked(minutes: number): Promise<Series[]> {
  await using registry = await temporaryRegistry();
  await using server = await startRpcServer(registry.url, ["--workers", "1"]);
  const argument = JSON.stringify({
    ...{
      registry: registry.url,
      method: "ping",
      connections: 1,
      inFlight: 64,
      latencies: false,
    },
    ...{ warmupMs: 0, durationMs: minutes * 60_000 },
  });
  let clientPid = 0;
  let running = true;
  const client = runToEnd(
    denoCommand("peers/rpc_client.ts", ["client", argument]),
    (pid) => clientPid = pid,
  )
    .finally(() => running = false);
  const servers: Sample[] = [];
  const clients: Sample[] = [];
  // The client may have ended in between: then that look is not one.
  while (running) {
    try {
      const [one, other] = await Promise.all([
        sampleOf(server.pid),
        sampleOf(clientPid),
      ]);
      if (other.residentKib > 0) {
        servers.push(one);
        clients.push(other);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await sleep(samplePeriodMs);
  }
  await client;
  return [
    ...seriesOf("server", servers, minutes),
    ...seriesOf("client", clients, minutes),
  ];
}

async function sampleOf(pid: number): Promise<Sample> {
  return {
    residentKib: await residentKib(pid),
    handles: await handleCount(pid),
  };
}

function seriesOf(
  process: string,
  samples: readonly Sample[],
  minutes: number,
): Series[] {
  const settled = samples.slice(
    samples.length * Math.min(1 / 3, settleMinutes / minutes),
  );
  const size = Math.max(1, Math.floor(settled.length / 5));
  const figure = (
    part: readonly Sample[],
    of: (sample: Sample) => number,
  ): number[] => {
    const spread = spreadOf(part.map(of));
    return spread === undefined ? [] : [spread.median];
  };
  const first = settled.slice(0, size);
  const last = settled.slice(-size);
  const mebibytes = (sample: Sample) => sample.residentKib / 1_024;
  const handles = (sample: Sample) => sample.handles;
  return [
    { name: `${process}: memory`, values: figure(first, mebibytes) },
    { name: `${process}: memory at the end`, values: figure(last, mebibytes) },
    {
      name: `${process}: handles`,
      unit: "handles",
      values: figure(first, handles),
    },
    {
      name: `${process}: handles at the end`,
      unit: "handles",
      values: figure(last, handles),
    },
  ];
}
