/** What keys cost: processor time a ping on either side, and of a call as a whole process. */

import { temporaryKeys } from "../support/bench_keys.ts";
import { type Command, runToEnd } from "../support/child.ts";
import { rpcCommand } from "../support/deno_command.ts";
import { rpc, rpcWithKeys, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import { cpuCosts, rowOf } from "./cpu_cost.ts";
import type { Measure } from "./measure.ts";

const sides = ["client", "server"] as const;

/** Processor time a ping takes of the server and of the client, with keys and without. */
export const keysPing: Measure = {
  name: "keys_ping",
  async run({ rounds, load }) {
    const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
    return {
      name: "keys_ping",
      title: "processor time a ping, 1 connection, 64 calls in flight",
      unit: "µs",
      better: "less",
      reference: rowOf(rpc, "client"),
      series: await cpuCosts(rounds, [rpc, rpcWithKeys], shape),
      targets: sides.map((side) => ({
        of: rowOf(rpcWithKeys, side),
        is: "at most",
        bound: 2,
        times: rowOf(rpc, side),
      })),
      notes: ["The handshake is in it, once a connection"],
    };
  },
};

/** A call from a shell, with keys and without. */
export const keysStartup: Measure = {
  name: "keys_startup",
  async run({ rounds }) {
    await using running = new AsyncDisposableStack();
    const keys = running.use(await temporaryKeys());
    const commands: Command[] = [];
    for (const hasKeys of [false, true]) {
      const env = hasKeys ? keys.env : {};
      const { url } = running.use(await temporaryRegistry());
      running.use(await startRpcServer(url, ["--workers", "1"], env));
      commands.push({ ...rpcCommand(["call", "ping", "--registry", url]), env });
    }
    const [plain, secure] = ["rpc call ping", "rpc call ping, with keys"];
    const series = [plain, secure].map((name = "") => ({ name, values: [] as number[] }));
    for (const command of commands) await runToEnd(command);
    for (let round = 0; round < 4 * rounds; round++) {
      for (const [index, command] of commands.entries()) {
        const startedAtMs = performance.now();
        await runToEnd(command);
        series[index]?.values.push(performance.now() - startedAtMs);
      }
    }
    return {
      name: "keys_startup",
      title: "one call as a whole process, with keys",
      unit: "ms",
      better: "less",
      reference: plain as string,
      series,
      targets: [{ of: secure as string, is: "at most", bound: 2.5, times: plain as string }],
      notes: ["From source, as deno task rpc runs it"],
    };
  },
};
