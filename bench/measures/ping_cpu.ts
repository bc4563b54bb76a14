import { tarpc } from "../systems/compiled.ts";
import { goNetRpc } from "../systems/go_net_rpc.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { kitex } from "../systems/kitex.ts";
import { nats } from "../systems/nats.ts";
import { rawEcho } from "../systems/raw_echo.ts";
import { rpc } from "../systems/rpc.ts";
import { cpuCosts, rowOf } from "./cpu_cost.ts";
import type { Measure } from "./measure.ts";

const systems = [rawEcho, rpc, tarpc, grpcGo, kitex, nats, goNetRpc];

/** What a call costs, however busy the machine is. */
export const pingCpu: Measure = {
  name: "ping_cpu",
  async run({ rounds, load }) {
    const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
    return {
      name: "ping_cpu",
      title: "processor time of ping [i], 1 connection, 64 calls in flight",
      unit: "µs",
      better: "less",
      reference: rowOf(rawEcho, "client"),
      series: await cpuCosts(rounds, systems, shape),
      targets: (["client", "server"] as const).map((side) => ({
        of: rowOf(rpc, side),
        is: "at most",
        bound: 1.2,
        times: rowOf(tarpc, side),
      })),
      notes: ["With all threads and workers"],
    };
  },
};
