import { statsAbsent, treePssKib } from "../support/process_stats.ts";
import { tarpc } from "../systems/compiled.ts";
import { goNetRpc } from "../systems/go_net_rpc.ts";
import { grpcGo } from "../systems/grpc_go.ts";
import { kitex } from "../systems/kitex.ts";
import { nats } from "../systems/nats.ts";
import { rpcOneKept, rpcTwoWorkers } from "../systems/rpc.ts";
import type { System } from "../systems/system.ts";
import type { Measure } from "./measure.ts";

const systems = [rpcTwoWorkers, rpcOneKept, tarpc, grpcGo, kitex, nats, goNetRpc];

/** How long a server has nothing to do before it is looked at. */
const settleMs = 5_000;

/** What servers take that do nothing, and the connections of clients that do nothing. */
export const memory: Measure = {
  name: "memory",
  async run({ rounds, quick }) {
    const connections = quick ? 20 : 500;
    const taken = [];
    for (const system of systems) {
      taken.push({ system, idle: [] as number[], each: [] as number[], absent: statsAbsent });
    }
    for (let round = 0; round < rounds; round++) {
      for (const one of taken) {
        if (one.absent !== undefined) continue;
        try {
          const { idleKib, grownKib } = await takenBy(
            one.system,
            connections,
            quick ? 0 : settleMs,
          );
          one.idle.push(idleKib / 1024);
          one.each.push(grownKib / connections);
        } catch (error) {
          one.absent = error instanceof Error ? error.message : String(error);
        }
      }
    }
    return {
      name: "memory",
      title: `memory (PSS) of an idle server, and of each of ${connections} connections to it`,
      unit: "MiB",
      better: "less",
      reference: systems[0]?.name ?? "",
      series: [
        ...taken.map(({ system: { name }, idle, absent }) => ({
          name,
          values: idle,
          ...(absent === undefined ? {} : { absent }),
        })),
        ...taken.map(({ system: { name }, each, absent }) => ({
          name: `${name}: a connection`,
          unit: "KiB",
          values: each,
          ...(absent === undefined ? {} : { absent }),
        })),
      ],
      targets: [{ of: rpcTwoWorkers.name, is: "at most", bound: 60 }],
      notes: [
        "Idle for 5 s. Ours with its two workers, after one call of each connection; the others' servers are one " +
        "process",
        "A file's pages that other processes use too count less: so all programs of Deno that run " +
        "beside it make ours look smaller",
      ],
    };
  },
};

async function takenBy(
  system: System,
  connections: number,
  idleMs: number,
): Promise<{ readonly idleKib: number; readonly grownKib: number }> {
  await using server = await system.start();
  if (server.hold === undefined) throw new Error("it has no client that does nothing");
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const idle = await treePssKib(server.pid);
  await using _held = await server.hold(connections);
  return { idleKib: idle.all, grownKib: (await treePssKib(server.pid)).own - idle.own };
}
