/** What pools of workers make of the cores, each against loops of its own language. */

import { canRun, type Command } from "../support/child.ts";
import { pathOf } from "../support/deno_command.ts";
import { nodeRuntime } from "../support/node_command.ts";
import { runLoad } from "../systems/system.ts";
import { bareLoops, cores, fibArgument, fibServers, sumOfRates } from "./fib_load.ts";
import { type Contender, inTurns, type Measure, type Plan, rateOf } from "./measure.ts";

const name = "fib_pools";
const own = "rpc";
const piscina = "piscina";
const python = "ProcessPoolExecutor";

/** What takes Python about as long as {@link fibArgument} takes JavaScript. */
const pythonArgument = { n: 26, answer: 121_393 };

/** Ours, by way of connections and processes, beside pools within a program. */
export const fibPools: Measure = {
  name,
  async run(plan) {
    return {
      name,
      title: `fib on ${cores} cores, a worker a core: the rate as a share of as many bare loops`,
      unit: "of its own loops",
      better: "more",
      reference: own,
      series: await inTurns(plan.rounds, [
        shareOf(
          own,
          fibServers(own, { serverCount: 1, workers: cores }, plan),
          bareLoops(own, cores, plan),
        ),
        pool(piscina, { n: fibArgument }, plan, async () => {
          const { name, command } = await nodeRuntime();
          return {
            note: `piscina 5.3.2 under ${name}`,
            command: (mode, argument) => command("pool_fib.mjs", [mode, argument]),
          };
        }),
        pool(python, pythonArgument, plan, async () => {
          if (!await canRun("python3", ["--version"])) throw new Error("python3 is not installed");
          return {
            note: `concurrent.futures, fib ${pythonArgument.n}, which takes it as long`,
            command: (mode, argument) => ({
              program: "python3",
              args: [pathOf("../peers/pool_fib.py"), mode, argument],
            }),
          };
        }),
      ]),
      targets: [
        { of: own, is: "at least", bound: 0.95 },
        { of: own, is: "at least", bound: 1, times: piscina },
        { of: own, is: "at least", bound: 1, times: python },
      ],
      notes: [
        "Ours is called by four other processes, which share the cores; a pool's calls come from its " +
        "own program",
      ],
    };
  },
};

/** The rate of one as a share of that of the other, taken right before. */
function shareOf(name: string, one: Contender, whole: Contender): Contender {
  return {
    name,
    async start() {
      const stack = new AsyncDisposableStack();
      const loops = stack.use(await whole.start());
      const pool = stack.use(await one.start());
      return {
        figure: async () => {
          const bare = await loops.figure();
          return await pool.figure() / bare;
        },
        [Symbol.asyncDispose]: () => stack.disposeAsync(),
      };
    },
  };
}

/** A program that is told by its first argument whether to compute in a loop or in a pool. */
interface Program {
  readonly note: string;
  readonly command: (mode: "loop" | "pool", argument: string) => Command;
}

function pool(
  name: string,
  what: Readonly<Record<string, number>>,
  { load }: Plan,
  find: () => Promise<Program>,
): Contender {
  const argument = JSON.stringify({ ...load, ...what, latencies: false, workers: cores });
  return {
    name,
    async start() {
      const { note, command } = await find();
      return {
        note,
        figure: async () => {
          const bare = await sumOfRates(cores, () => runLoad(command("loop", argument)));
          return rateOf(await runLoad(command("pool", argument))) / bare;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    },
  };
}
