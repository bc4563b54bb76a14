import { type Command, runToEnd } from "../support/child.ts";
import { onClientCore } from "../support/cores.ts";
import { tarpc } from "../systems/compiled.ts";
import { goNetRpc } from "../systems/go_net_rpc.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { kitex } from "../systems/kitex.ts";
import { nats } from "../systems/nats.ts";
import { rpc } from "../systems/rpc.ts";
import type { System } from "../systems/system.ts";
import { type Contender, inTurns, type Measure } from "./measure.ts";

const name = "startup";
const empty = "deno run of an empty file";
const call = "rpc call ping";

/** What it costs to make one call from a shell. */
export const startup: Measure = {
  name,
  async run({ rounds }) {
    const systems = [tarpc, grpcGo, kitex, nats, goNetRpc];
    return {
      name,
      title: "one call as a whole process: from its start to its end, with the first answer",
      unit: "ms",
      better: "less",
      reference: empty,
      series: await inTurns(4 * rounds, [
        { name: empty, start: emptyFile },
        oneCall(call, rpc),
        ...systems.map((system) => oneCall(system.name, system)),
      ]),
      targets: [{ of: call, is: "at most", bound: 1.8, times: empty }],
      notes: ["Ours from source, as deno task rpc runs it; the others' programs are compiled"],
    };
  },
};

async function emptyFile() {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  const args = ["run", "--allow-all", "--no-prompt", file];
  const command = await onClientCore({ program: Deno.execPath(), args });
  return {
    figure: await timed(command),
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}

function oneCall(name: string, system: System): Contender {
  return {
    name,
    async start() {
      const running = await system.start();
      if (running.once === undefined) throw new Error("it has no client that makes one call");
      return {
        note: running.note,
        figure: await timed(running.once),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      };
    },
  };
}

/** Runs it once, because the first time a module is compiled, and returns what measures it. */
async function timed(command: Command): Promise<() => Promise<number>> {
  await runToEnd(command);
  return async () => {
    const startedAtMs = performance.now();
    await runToEnd(command);
    return performance.now() - startedAtMs;
  };
}
