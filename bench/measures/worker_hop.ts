/** The way to a worker and back, by procedures that do nothing. */

import { pathOf } from "../support/deno_command.ts";
import { rawEcho } from "../systems/raw_echo.ts";
import { runRpcClient, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import { type Contender, inTurns, type Measure, rateOf, underLoad } from "./measure.ts";

const name = "worker_hop";
const noOps = pathOf("../peers/no_op.ts");

/** Calls through the main process, a pipe, a worker, and back. */
export const workerHop: Measure = {
  name,
  async run({ rounds, load }) {
    const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
    const noOp = (kind: string, method: string): Contender => ({
      name: kind,
      async start() {
        const registry = await temporaryRegistry();
        const server = await startRpcServer(registry.url, [noOps, "--workers", "1"]);
        return {
          figure: async () => rateOf(await runRpcClient(registry.url, shape, { method })),
          async [Symbol.asyncDispose]() {
            await server.stop();
            await registry[Symbol.asyncDispose]();
          },
        };
      },
    });
    return {
      name,
      title: "procedures that do nothing, in a worker, 64 calls in flight",
      unit: "calls/s",
      better: "more",
      reference: rawEcho.name,
      series: await inTurns(rounds, [
        underLoad(rawEcho, shape, rateOf),
        noOp("io", "noOpIo"),
        noOp("cpu", "noOpCpu"),
      ]),
      targets: [
        { of: "io", is: "at least", bound: 0.2, times: rawEcho.name },
        { of: "cpu", is: "at least", bound: 0.12, times: rawEcho.name },
      ],
      notes: [
        "rpc serve with a module: one worker for cpu calls, one for io calls",
      ],
    };
  },
};
