/** `fib` as a load: with servers, and bare. */

import type { Server } from "../support/child.ts";
import { denoCommand } from "../support/deno_command.ts";
import { runRpcClient, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import { type LoadResult, runLoad } from "../systems/system.ts";
import { type Contender, type Plan, rateOf } from "./measure.ts";

/** What is computed: some tens of milliseconds. */
export const fibArgument = 32;

/** How many clients call, each in a process of its own and one call after the other. */
const clientCount = 4;

/** The processors of this machine. */
export const cores = navigator.hardwareConcurrency;

/** Calls a second that servers answer to four clients together. */
export function fibServers(
  name: string,
  { serverCount, workers }: {
    readonly serverCount: number;
    readonly workers: number;
  },
  { load }: Plan,
): Contender {
  return {
    name,
    async start() {
      const registry = await temporaryRegistry();
      const servers: Server[] = [];
      for (let i = 0; i < serverCount; i++) {
        servers.push(
          await startRpcServer(registry.url, ["--workers", String(workers)]),
        );
      }
      const shape = { ...load, connections: 1, inFlight: 1, latencies: false };
      return {
        figure: () =>
          sumOfRates(
            clientCount,
            () =>
              runRpcClient(registry.url, shape, {
                method: "fib",
                parameter: fibArgument,
              }),
          ),
        async [Symbol.asyncDispose]() {
          await Promise.all(servers.map((server) => server.stop()));
          await registry[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** How often a second so many processes without a server compute it, together. */
export function bareLoops(
  name: string,
  count: number,
  { load }: Plan,
): Contender {
  const argument = JSON.stringify({ ...load, n: fibArgument });
  return {
    name,
    start: () =>
      Promise.resolve({
        figure: () =>
          sumOfRates(count, () => runLoad(denoCommand("peers/fib_loop.ts", [argument]))),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

/** Calls a second of so many processes at once. */
export async function sumOfRates(
  count: number,
  run: () => Promise<LoadResult>,
): Promise<number> {
  const results = await Promise.all(Array.from({ length: count }, run));
  return results.reduce((sum, result) => sum + rateOf(result), 0);
}
