/** Peers in compiled languages: built when they are started, and held to one core a side. */

import { canRun, type Command, runToEnd } from "../support/child.ts";
import { pathOf } from "../support/deno_command.ts";
import { clientAndServer, type RunningSystem, type System } from "./system.ts";
import { withKeys } from "./with_keys.ts";

interface GoPeer {
  readonly name: string;
  /** Its folder in `bench/peers`. */
  readonly folder: string;
  readonly note: string;
  /** Whether it uses TLS with certificates on both sides, of the same kind as ours. */
  readonly hasKeys?: boolean;
}

/** A peer in Go: `<program> server`, or `<program> client <JSON>`. */
export function goPeer({ name, folder, note, hasKeys = false }: GoPeer): System {
  return {
    name,
    async start() {
      if (!await canRun("go", ["version"])) throw new Error("go is not installed");
      const version = (await runToEnd({ program: "go", args: ["env", "GOVERSION"] })).trim();
      const directory = await Deno.makeTempDir({ prefix: "rpc-bench-go-" });
      const removeDirectory = () => Deno.remove(directory, { recursive: true });
      try {
        const program = `${directory}/${folder}`;
        await runToEnd({
          program: "go",
          args: ["build", "-o", program],
          cwd: pathOf(`../peers/${folder}`),
        });
        const start = (env: Command["env"] = {}) => {
          const one = (...args: string[]) => ({ ...onOneCore({ program, args }), env });
          return started(`${version}, GOMAXPROCS=1, ${note}`, one);
        };
        const running = await (hasKeys ? withKeys(start) : start());
        return {
          ...running,
          async [Symbol.asyncDispose]() {
            await running[Symbol.asyncDispose]();
            await removeDirectory();
          },
        };
      } catch (error) {
        await removeDirectory();
        throw error;
      }
    },
  };
}

/** tarpc, the usual RPC of Rust without code generation, on one thread a side. */
export const tarpc: System = {
  name: "tarpc",
  async start() {
    if (!await canRun("cargo", ["--version"])) throw new Error("cargo is not installed");
    const cwd = pathOf("../peers/tarpc");
    await runToEnd({ program: "cargo", args: ["build", "--release", "--locked"], cwd });
    const program = `${cwd}/target/release/bench-tarpc`;
    const note = "tarpc 0.37, bincode over TCP, tokio's current_thread, a task for each call";
    return await started(note, (...args) => ({ program, args }));
  },
};

/** Go starts as many threads as there are cores, and the others here have one. */
function onOneCore({ program, args }: Command): Command {
  return { program: "env", args: ["GOMAXPROCS=1", program, ...args] };
}

function started(
  note: string,
  command: (...args: string[]) => Command,
): Promise<RunningSystem> {
  return clientAndServer({
    note,
    server: command("server"),
    client: (argument) => command("client", argument),
  });
}
