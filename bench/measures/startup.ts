import { runToEnd } from "../support/child.ts";
import { rpcCommand } from "../support/deno_command.ts";
import { startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Command } from "../support/child.ts";
import type { Measure } from "./measure.ts";

const name = "startup";
const empty = "deno run of an empty file";
const call = "rpc call ping";

/** What it costs to make one call from a shell. */
export const startup: Measure = {
  name,
  async run({ rounds }) {
    await using registry = await temporaryRegistry();
    await using _server = await startRpcServer(registry.url, [
      "--workers",
      "1",
    ]);
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    const commands: readonly [string, Command][] = [
      [empty, {
        program: Deno.execPath(),
        args: ["run", "--allow-all", "--no-prompt", file],
      }],
      [call, rpcCommand(["call", "ping", "--registry", registry.url])],
    ];
    const series = commands.map(([name]) => ({ name, values: [] as number[] }));
    try {
      // The first time a module is compiled, which later times are spared.
      for (const [, command] of commands) await runToEnd(command);
      for (let round = 0; round < 4 * rounds; round++) {
        for (const [index, [, command]] of commands.entries()) {
          const startedAtMs = performance.now();
          await runToEnd(command);
          series[index]?.values.push(performance.now() - startedAtMs);
        }
      }
    } finally {
      await Deno.remove(file);
    }
    return {
      name,
      title: "one call as a whole process",
      unit: "ms",
      better: "less",
      reference: empty,
      series,
      targets: [{ of: call, is: "at most", bound: 2.5, times: empty }],
      notes: ["From source, as deno task rpc runs it"],
    };
  },
};
