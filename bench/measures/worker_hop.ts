/** The way to a worker and back, by procedures that return the index that they are given. */

import { rawEcho } from "../systems/raw_echo.ts";
import { rpcHop } from "../systems/rpc.ts";
import { inTurns, type Measure, rateOf, underLoad } from "./measure.ts";

const name = "worker_hop";
const systems = [rawEcho, rpcHop("io", "sameIo"), rpcHop("cpu", "sameCpu")];

/** Calls through the main process, a pipe, a worker, and back. */
export const workerHop: Measure = {
  name,
  async run({ rounds, load }) {
    const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
    return {
      name,
      title: "procedures that return an index, in a worker, 64 calls in flight",
      unit: "calls/s",
      better: "more",
      reference: rawEcho.name,
      series: await inTurns(rounds, systems.map((system) => underLoad(system, shape, rateOf))),
      targets: [
        { of: "io", is: "at least", bound: 0.25, times: rawEcho.name },
        { of: "cpu", is: "at least", bound: 0.2, times: rawEcho.name },
      ],
      notes: [
        "rpc serve with a module: one worker for cpu calls, one for io calls",
      ],
    };
  },
};
