/**
 * Makes a foreign worker end with its server, and not before.
 *
 * Not before: it gets a process group of its own. A terminal's Ctrl-C and a supervisor's signal go
 * to the whole group of the server, which then wants its workers to finish. On Windows there are no
 * such groups: a console's Ctrl-C reaches all its processes.
 *
 * With it: `setpriv` of util-linux asks the kernel to end the program with its parent, and then
 * becomes the program. So it ends even while it computes and does not read its stdin. Without
 * `setpriv`, or with an old one, the program is started as it is.
 */

import { missingInterpreter } from "./interpreter.ts";
import type { WorkerCommand } from "./worker_command.ts";

const binder = "setpriv";
const binding = ["--pdeathsig", "KILL"];
/** The flag that keeps it from getting more rights by a set-user-id program. */
const confining = "--no-new-privs";

/**
 * The same command, tied to the life of this process as far as possible here.
 *
 * @param sandboxed whether it must not get new privileges
 */
export async function tiedCommand(
  command: WorkerCommand,
  sandboxed = false,
): Promise<WorkerCommand> {
  if (Deno.build.os === "windows") return command;
  const own = { ...command, ownGroup: true };
  const { program, args } = own;
  // A program that cannot be started must fail under its own name, and not as `setpriv`.
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

/** Whether a name can be started, looked up like the system does. */
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
