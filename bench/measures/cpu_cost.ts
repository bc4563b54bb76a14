/** Processor time a call takes on either side. */

import { statsAbsent, treeCpuMs } from "../support/process_stats.ts";
import type { Series } from "../result.ts";
import type { Load, RunningSystem, System } from "../systems/system.ts";

/** The row of one side of a system. */
export function rowOf(system: Pick<System, "name">, side: "client" | "server"): string {
  return `${system.name}: ${side}`;
}

/**
 * Takes it round by round, A B C A B C ..., in microseconds. The server's is that of a whole client
 * process and all of its calls, the client's that of the calls that are counted.
 */
export async function cpuCosts(
  rounds: number,
  systems: readonly System[],
  load: Load,
): Promise<Series[]> {
  await using running = new AsyncDisposableStack();
  const taken: { system: System; client: number[]; server: number[]; absent?: string }[] = [];
  const started = new Map<System, RunningSystem>();
  for (const system of systems) {
    const one: typeof taken[number] = { system, client: [], server: [] };
    taken.push(one);
    try {
      if (statsAbsent !== undefined) throw new Error(statsAbsent);
      started.set(system, running.use(await system.start()));
    } catch (error) {
      one.absent = error instanceof Error ? error.message : String(error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const { system, client, server } of taken) {
      const one = started.get(system);
      if (one === undefined) continue;
      const beforeMs = await treeCpuMs(one.pid);
      const { calls, callsEver = NaN, cpuMs = NaN } = await one.load(load);
      client.push(1_000 * cpuMs / calls);
      server.push(1_000 * (await treeCpuMs(one.pid) - beforeMs) / callsEver);
    }
  }
  return taken.flatMap(({ system, client, server, absent }) => [
    { name: rowOf(system, "client"), values: client, ...(absent === undefined ? {} : { absent }) },
    { name: rowOf(system, "server"), values: server, ...(absent === undefined ? {} : { absent }) },
  ]);
}
