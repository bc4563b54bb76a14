import { bareLoops, cores, fibArgument, fibServers } from "./fib_load.ts";
import { inTurns, type Measure } from "./measure.ts";

const name = "fib_workers";
const server = "1 server, a worker a core";
const allCores = `bare loops, one a core`;

/** What a server makes of the machine's cores. */
export const fibWorkers: Measure = {
  name,
  async run(plan) {
    return {
      name,
      title: `fib ${fibArgument}, 4 clients, ${cores} cores`,
      unit: "calls/s",
      better: "more",
      reference: allCores,
      series: await inTurns(plan.rounds, [
        bareLoops("bare loop, one core", 1, plan),
        bareLoops(allCores, cores, plan),
        fibServers(server, { serverCount: 1, workers: cores }, plan),
      ]),
      targets: [{ of: server, is: "at least", bound: 0.95, times: allCores }],
      notes: [
        "The reference is bare loops on all cores at once: cores that share something, or are shared " +
        "with others, compute less together than one alone times their number",
      ],
    };
  },
};
