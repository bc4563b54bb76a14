import { startServer } from "../support/child.ts";
import { denoCommand } from "../support/deno_command.ts";
import { runLoad } from "../systems/system.ts";
import { runRpcClient, sameModule, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Measure } from "./measure.ts";

const name = "ping_beside_payload";
const alone = "alone";
const beside = "beside texts of 4 MiB";
const echo = "raw echo beside them";
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
    await using echoServer = await startServer(denoCommand("peers/echo_server.ts", []));
    const echoed = JSON.stringify({ ...pings, port: echoServer.port });
    const besideTexts = async (p99Ms: () => Promise<number>) => {
      const moving = runRpcClient(registry.url, texts, { method: "echoIo" });
      return { p99Ms: await p99Ms(), texts: await moving };
    };
    const quiet: number[] = [];
    const busy: number[] = [];
    const floor: number[] = [];
    const moved: number[] = [];
    for (let round = 0; round < rounds; round++) {
      quiet.push(await ping());
      const found = await besideTexts(ping);
      busy.push(found.p99Ms);
      const { calls, seconds } = found.texts;
      moved.push(2 * textLength * calls / seconds / 1e6);
      const { p99Ms } = await besideTexts(async () =>
        (await runLoad(denoCommand("peers/echo_client.ts", [echoed]))).p99Ms
      );
      floor.push(p99Ms);
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
        { name: echo, values: floor },
        { name: "texts", unit: "MB/s", values: moved },
      ],
      targets: [{ of: beside, is: "at most", bound: 3, times: alone }],
      notes: [
        "The server's main process, its worker and two clients share all the cores there are. The raw " +
        "echo is two processes that have nothing to do with the texts: what it waits is for a core",
      ],
    };
  },
};
