/** What keys cost: processor time a ping on either side, and of a call as a whole process. */

import { temporaryKeys } from "../support/bench_keys.ts";
import { type Command, runToEnd } from "../support/child.ts";
import { rpcCommand } from "../support/deno_command.ts";
import { cpuMs } from "../support/process_stats.ts";
import { runRpcClient, startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Measure } from "./measure.ts";

/** With keys or without: what the server and its clients have in their environment. */
const sides: readonly [kind: string, hasKeys: boolean][] = [["plain", false], ["keys", true]];

/** Processor time a ping takes of the server and of the client, with keys and without. */
export const keysPing: Measure = {
  name: "keys_ping",
  async run({ rounds, load }) {
    await using running = new AsyncDisposableStack();
    const keys = running.use(await temporaryKeys());
    const series = sides.flatMap(([kind]) =>
      ["server", "client"].map((side) => ({ name: `${side}, ${kind}`, values: [] as number[] }))
    );
    const takers: (() => Promise<readonly number[]>)[] = [];
    for (const [, hasKeys] of sides) {
      const env = hasKeys ? keys.env : {};
      const { url } = running.use(await temporaryRegistry());
      const server = running.use(await startRpcServer(url, ["--workers", "1"], env));
      takers.push(async () => {
        const before = await cpuMs(server.pid);
        const shape = { ...load, connections: 1, inFlight: 64, latencies: false };
        const result = await runRpcClient(url, shape, { method: "ping" }, env);
        const serverMs = await cpuMs(server.pid) - before;
        return [
          1_000 * serverMs / (result.callsEver ?? NaN),
          1_000 * (result.cpuMs ?? NaN) / result.calls,
        ];
      });
    }
    for (let round = 0; round < rounds; round++) {
      for (const [index, take] of takers.entries()) {
        const [server = NaN, client = NaN] = await take();
        series[2 * index]?.values.push(server);
        series[2 * index + 1]?.values.push(client);
      }
    }
    return {
      name: "keys_ping",
      title: "processor time a ping, 1 connection, 64 calls in flight",
      unit: "µs",
      better: "less",
      reference: "server, plain",
      series,
      targets: ["server", "client"].map((side) => ({
        of: `${side}, keys`,
        is: "at most",
        bound: 2,
        times: `${side}, plain`,
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
    for (const [, hasKeys] of sides) {
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
