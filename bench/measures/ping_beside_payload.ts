import { runRpcClient, sameModule, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Measure } from "./measure.ts";

const name = "ping_beside_payload";
const alone = "alone";
const beside = "beside texts of 4 MiB";
const textLength = 4 * 1024 * 1024;

/** Whether large messages of one connection hold up the small ones of another. */
export const pingBesidePayload: Measure = {
  name,
  async run({ rounds, load }) {
    const pings = { ...load, connections: 1, inFlight: 1, latencies: true };
    // Longer than the pings, which begin when texts are on their way and end before they are not.
    const texts = {
      connections: 1,
      inFlight: 1,
      latencies: false,
      textLength,
      warmupMs: 2 * load.warmupMs,
      durationMs: load.durationMs + 2 * load.warmupMs,
    };
    await using registry = await temporaryRegistry();
    await using _server = await startRpcServer(registry.url, sameModule);
    const ping = async () => (await runRpcClient(registry.url, pings, { method: "ping" })).p99Ms;
    const quiet: number[] = [];
    const busy: number[] = [];
    const moved: number[] = [];
    for (let round = 0; round < rounds; round++) {
      quiet.push(await ping());
      const moving = runRpcClient(registry.url, texts, { method: "echoIo" });
      busy.push(await ping());
      const { calls, seconds } = await moving;
      moved.push(2 * textLength * calls / seconds / 1e6);
    }
    return {
      name,
      title: "ping [i] p99 while another client sends texts of 4 MiB there and back",
      unit: "ms",
      better: "less",
      reference: alone,
      series: [
        { name: alone, values: quiet },
        { name: beside, values: busy },
        { name: "texts", unit: "MB/s", values: moved },
      ],
      targets: [{ of: beside, is: "at most", bound: 3, times: alone }],
      notes: [
        "The server's main process, its worker and two clients share all the cores there are",
      ],
    };
  },
};
