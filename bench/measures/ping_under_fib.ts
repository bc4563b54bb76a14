import { runRpcClient, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { MeasureResult, Series } from "../result.ts";
import { cores, fibArgument } from "./fib_load.ts";
import type { Measure } from "./measure.ts";

const name = "ping_under_fib";

/** Whether calls that burn CPU slow down those that do not. */
export const pingUnderFib: Measure = {
  name,
  async run({ rounds, load }): Promise<MeasureResult> {
    const workers = Math.max(1, cores - 1);
    const pings = { ...load, connections: 1, inFlight: 1, latencies: true };
    // Longer than the pings, which begin when the workers are at work and end before they are not.
    const fibs = {
      connections: 1,
      inFlight: 2 * workers,
      latencies: false,
      warmupMs: 2 * load.warmupMs,
      durationMs: load.durationMs + 2 * load.warmupMs,
    };
    await using registry = await temporaryRegistry();
    await using _server = await startRpcServer(registry.url, [
      "--workers",
      String(workers),
    ]);
    const ping = async () => (await runRpcClient(registry.url, pings, { method: "ping" })).p99Ms;
    const idle: number[] = [];
    const busy: number[] = [];
    for (let round = 0; round < rounds; round++) {
      idle.push(await ping());
      const method = { method: "fib", parameter: fibArgument };
      const burning = runRpcClient(registry.url, fibs, method);
      busy.push(await ping());
      await burning;
    }
    const series: Series[] = [
      { name: "idle", values: idle },
      { name: "workers busy", values: busy },
    ];
    return {
      name,
      title: `ping p99 while ${workers} of ${cores} cores run fib ${fibArgument}`,
      unit: "ms",
      better: "less",
      reference: "idle",
      series,
      targets: [{ of: "workers busy", is: "at most", bound: 3, times: "idle" }],
      notes: [
        "A worker for all cores but one, each with a call running and one waiting; the server's main " +
        "process and two client processes share the core that is left",
      ],
    };
  },
};
