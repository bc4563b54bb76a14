/** One core a side: a server and a client that are compared with others do not share a core. */

import { canRun, type Command } from "./child.ts";

let found: Promise<readonly number[] | undefined> | undefined;

/** The server's core and the client's; `undefined` where there are no two, or no `taskset`. */
function twoCores(): Promise<readonly number[] | undefined> {
  return found ??= (async () => {
    const both = [0, 1];
    for (const core of both) {
      if (!await canRun("taskset", ["-c", String(core), "true"])) return undefined;
    }
    return both;
  })();
}

/** What a reader has to know of them. */
export async function coresNote(): Promise<string> {
  return await twoCores() === undefined
    ? "Processes take the cores that the system gives them, since there is no taskset or no second core"
    : "Each server has a core for itself, with all its threads and workers, and its client another " +
      "(taskset)";
}

/** The command on the server's core. */
export function onServerCore(command: Command): Promise<Command> {
  return onCore(command, 0);
}

/** The command on the client's core. */
export function onClientCore(command: Command): Promise<Command> {
  return onCore(command, 1);
}

async function onCore(command: Command, side: number): Promise<Command> {
  const core = (await twoCores())?.[side];
  if (core === undefined) return command;
  const { program, args } = command;
  return { ...command, program: "taskset", args: ["-c", String(core), program, ...args] };
}
