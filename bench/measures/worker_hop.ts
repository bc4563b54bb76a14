/** The way to a worker and back, by procedures that do nothing. */

import { startServer } from "../support/child.ts";
import { denoCommand } from "../support/deno_command.ts";
import { rawEcho } from "../systems/raw_echo.ts";
import { runRpcClient } from "../systems/rpc.ts";
import { type Contender, inTurns, type Measure, rateOf, underLoad } from "./measure.ts";

const name = "worker_hop";

/** Calls through the main process, a pipe, a worker, and back. */
export const workerHop: Measure = {
  name,
  async run({ rounds, load }) {
    const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
    const noOp = (kind: string, method: string): Contender => ({
      name: kind,
      async start() {
        const server = await startServer(
          denoCommand("peers/no_op_server.ts", []),
        );
        const registry = `static:127.0.0.1:${server.port}`;
        return {
          figure: async () => rateOf(await runRpcClient(registry, shape, { method })),
          [Symbol.asyncDispose]: () => server.stop(),
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
        "One worker for cpu calls, one for io calls; servers by static:, one connection",
      ],
    };
  },
};
