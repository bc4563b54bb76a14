/** `ping` through the gateway: beside bare Deno of the same bytes, and beside idle readers. */

import { bareHttp, gateway } from "../systems/http.ts";
import type { LoadResult } from "../systems/system.ts";
import { inTurns, type Measure, rateOf, underLoad } from "./measure.ts";

const connections = 32;
const idlers = 4;

/** Calls a second. */
export const gatewayCalls: Measure = {
  name: "gateway",
  async run({ rounds, load }) {
    const shape = { ...load, connections, inFlight: 1, latencies: false };
    return {
      name: "gateway",
      title: `ping over HTTP, ${connections} connections`,
      unit: "calls/s",
      better: "more",
      reference: "Deno.serve",
      series: await inTurns(rounds, [
        underLoad(bareHttp(0), shape, rateOf),
        underLoad(gateway(0), shape, rateOf),
      ]),
      targets: [{ of: "rpc gateway", is: "at least", bound: 0.4, times: "Deno.serve" }],
      notes: ["rpc gateway and rpc serve are two processes, and the client is a third"],
    };
  },
};

/** What those who read nothing cost the others. */
export const gatewaySlowReaders: Measure = {
  name: "gateway_slow_readers",
  async run({ rounds, load }) {
    const shape = { ...load, connections, inFlight: 1, latencies: true };
    const p99 = ({ p99Ms }: LoadResult) => p99Ms;
    return {
      name: "gateway_slow_readers",
      title: `ping over HTTP, ${connections} connections: p99 beside ${idlers} that read nothing`,
      unit: "ms",
      better: "less",
      reference: "alone",
      series: await inTurns(rounds, [
        { ...underLoad(gateway(0), shape, p99), name: "alone" },
        { ...underLoad(gateway(idlers), shape, p99), name: "beside them" },
      ]),
      targets: [{ of: "beside them", is: "at most", bound: 1.5, times: "alone" }],
      notes: [],
    };
  },
};
