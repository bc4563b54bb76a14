/**
 * How a worker that is not ours ends with its server, and not before.
 *
 * Not before: it has a process group of its own. A terminal's Ctrl-C and a supervisor's signal go
 * to the whole group of the server, which then wants its workers to finish. On Windows there is no
 * such group: a console's Ctrl-C reaches everybody in it.
 *
 * With it: when its server does, though it may be a program that computes and does not look at its
 * stdin: by `setpriv` of util-linux, which asks the kernel to end it with its parent and then
 * becomes the program. Where there is none, or an old one, the program is started as it is.
 */

import { missingInterpreter } from "./interpreter.ts";
import type { WorkerCommand } from "./worker_command.ts";

const binder = "setpriv";
const binding = ["--pdeathsig", "KILL"];
/** So that it gets no more rights by starting a set-user-id program. */
const confining = "--no-new-privs";

/**
 * The same command, tied to the life of this process as far as that can be done here.
 *
 * @param sandboxed whether it shall also get no new privileges
 */
export async function tiedCommand(
  command: WorkerCommand,
  sandboxed = false,
): Promise<WorkerCommand> {
  if (Deno.build.os === "windows") return command;
  const own = { ...command, ownGroup: true };
  const { program, args } = own;
  // A program that cannot be started is to fail under its own name, not under this one's.
  if (Deno.build.os !== "linux" || !isProgram(program)) return own;
  const flags = [...binding, ...(sandboxed ? [confining] : []), "--"];
  if (!await canBind(flags)) return own;
  return { ...own, program: binder, args: [...flags, program, ...args] };
}

async function canBind(flags: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(binder, {
      args: [...flags, "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Whether the name can be started, looked up as the system does. */
function isProgram(name: string): boolean {
  const directories = name.includes("/") ? [""] : (Deno.env.get("PATH") ?? "").split(":");
  return directories.some((directory) => {
    try {
      const path = directory === "" ? name : `${directory}/${name}`;
      const { isFile, mode } = Deno.statSync(path);
      return isFile && ((mode ?? 0) & 0o111) !== 0 && missingInterpreter(path) === undefined;
    } catch {
      return false;
    }
  });
}
