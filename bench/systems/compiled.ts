/** Peers in compiled languages: built when they are started, and held to one core a side. */

import { built } from "../support/build.ts";
import { type Command, runToEnd } from "../support/child.ts";
import { clientAndServer, type RunningSystem, type System } from "./system.ts";
import { withKeys } from "./with_keys.ts";

interface GoPeer {
  readonly name: string;
  /** Its folder in `bench/peers`, and its program. */
  readonly folder: string;
  readonly note: string;
  /** What its build needs to be told. */
  readonly buildArgs?: readonly string[];
  /** Whether it uses TLS with certificates on both sides, of the same kind as ours. */
  readonly hasKeys?: boolean;
}

/** A program that is told by its first argument what to do. */
export type Modes = (...args: readonly string[]) => Command;

/** A peer in Go: `<program> server`, or `<program> client <JSON>`. */
export function goPeer(peer: GoPeer): System {
  const { name, note, hasKeys = false } = peer;
  return {
    name,
    async start() {
      const program = await goProgram(peer);
      const version = (await runToEnd({ program: "go", args: ["env", "GOVERSION"] })).trim();
      const start = (env: Command["env"] = {}) =>
        started(
          `${version}, GOMAXPROCS=1, ${note}`,
          (...args) => ({ ...program(...args), env }),
        );
      return await (hasKeys ? withKeys(start) : start());
    },
  };
}

/**
 * Builds a peer in Go. Go starts as many threads as there are cores, and the others here have one.
 */
export async function goProgram(
  { folder, buildArgs = [] }: Pick<GoPeer, "folder" | "buildArgs">,
): Promise<Modes> {
  const program = await built({
    folder,
    tool: ["go", "version"],
    args: ["build", ...buildArgs, "-o", `target/${folder}`],
    result: folder,
  });
  return (...args) => ({ program: "env", args: ["GOMAXPROCS=1", program, ...args] });
}

/** tarpc, the usual RPC of Rust without code generation, on one thread a side. */
export const tarpc: System = {
  name: "tarpc",
  async start() {
    const program = await built({
      folder: "tarpc",
      tool: ["cargo", "--version"],
      args: ["build", "--release", "--locked", "--quiet"],
      result: "release/bench-tarpc",
    });
    const note = "tarpc 0.37, bincode over TCP, tokio's current_thread, a task for each call";
    return await started(note, (...args) => ({ program, args }));
  },
};

function started(note: string, command: Modes): Promise<RunningSystem> {
  return clientAndServer({
    note,
    server: command("server"),
    client: (argument) => command("client", argument),
    other: command,
  });
}
