import { bareLoops, fibArgument, fibServers } from "./fib_load.ts";
import { inTurns, type Measure } from "./measure.ts";

const name = "fib_servers";
const one = "1 server";
const two = "2 servers";

/** What a second server brings. */
export const fibTwoServers: Measure = {
  name,
  async run(plan) {
    return {
      name,
      title: `fib ${fibArgument}, 4 clients, servers with 1 worker each`,
      unit: "calls/s",
      better: "more",
      reference: one,
      series: await inTurns(plan.rounds, [
        fibServers(one, { serverCount: 1, workers: 1 }, plan),
        fibServers(two, { serverCount: 2, workers: 1 }, plan),
        bareLoops("1 bare loop", 1, plan),
        bareLoops("2 bare loops", 2, plan),
      ]),
      targets: [{ of: two, is: "at least", bound: 1.9, times: one }],
      notes: [
        "The bare loops show what a second core brings where nothing stands in between",
      ],
    };
  },
};
