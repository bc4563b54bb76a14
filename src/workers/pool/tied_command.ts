/**
 * How a worker that is not ours ends when its server does, though it may be a program that computes and does
 * not look at its stdin: by `setpriv` of util-linux, which asks the kernel to end it with its parent and then
 * becomes the program. Where there is none, or an old one, the program is started as it is.
 */

import type { WorkerCommand } from "./worker_process.ts";

const binder = "setpriv";
const binding = ["--pdeathsig", "KILL", "--"];

/** The same command, tied to the life of this process if that can be done here. */
export async function tiedCommand(command: WorkerCommand): Promise<WorkerCommand> {
  const { program, args } = command;
  // What cannot be started is left to fail under its own name.
  if (Deno.build.os !== "linux" || !isProgram(program) || !await canBind()) return command;
  return { ...command, program: binder, args: [...binding, program, ...args] };
}

async function canBind(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(binder, {
      args: [...binding, "true"],
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
      const { isFile, mode } = Deno.statSync(directory === "" ? name : `${directory}/${name}`);
      return isFile && ((mode ?? 0) & 0o111) !== 0;
    } catch {
      return false;
    }
  });
}
