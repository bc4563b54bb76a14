/**
 * Descriptors of their own for the lines between a server and a worker of ours. Stdin and stdout
 * are anybody's: a procedure reads them, closes them, or starts programs that inherit them. So a
 * shell moves the two pipes to other numbers before it becomes the worker, whose stdin is then
 * empty and whose stdout is its stderr. Where there is no shell, as in a small container image, a
 * worker on Linux does so itself. Elsewhere they stay where they are
 * (docs/adr/0014-a-worker-has-descriptors-of-its-own.md).
 */

import { workerPipeBytes } from "./limits.ts";
import { exists } from "../base/paths.ts";

/** Says to a worker that its lines do not stay on stdin and stdout, and who moves them. */
export const descriptorsVariable = "RPC_WORKER_DESCRIPTORS";

const moved = "moved";
const toMove = "to move";

const input = 3;
const output = 4;
const shell = "/bin/sh";
const directory = "/dev/fd";
/** `O_RDONLY` of `open(2)`. */
const readOnly = 0;
/** `F_SETPIPE_SZ` of Linux' `fcntl(2)`. */
const setPipeSize = 1031;

/** What a worker in a sandbox needs to open them, as Deno's flags of permissions. */
export const descriptorPermissions: Readonly<Record<string, readonly string[]>> = {
  "--allow-read": [`${directory}/${input}`],
  "--allow-write": [`${directory}/${output}`],
};

const script = `exec ${input}<&0 ${output}>&1 0</dev/null 1>&2; exec "$@"`;

/** How a program is started. */
interface Startable {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The same command with the pipes out of everybody's way, if that can be done here. The process is
 * the same one.
 *
 * @param sh the shell
 */
export function withOwnDescriptors<Command extends Startable>(
  command: Command,
  sh: string = shell,
): Command {
  const { program, args, env } = command;
  if (Deno.build.os === "windows" || !exists(directory)) return command;
  if (!exists(sh)) {
    if (Deno.build.os !== "linux") return command;
    return { ...command, env: { ...env, [descriptorsVariable]: toMove } };
  }
  return {
    ...command,
    program: sh,
    args: ["-c", script, "rpc worker", program, ...args],
    env: { ...env, [descriptorsVariable]: moved },
  };
}

/** The worker's ends of the two pipes. */
interface OwnDescriptors {
  readonly input: Deno.FsFile;
  readonly output: Deno.FsFile;
}

/**
 * Opens them, for this process alone: what it starts does not get them. `undefined`: they stay
 * where they are.
 */
export function takeOwnDescriptors(): OwnDescriptors | undefined {
  const state = Deno.env.get(descriptorsVariable);
  if (state === undefined) return undefined;
  // What a procedure starts is no worker of this server.
  Deno.env.delete(descriptorsVariable);
  if (state === toMove) return moveAway();
  const taken = openBoth(input, output);
  closeNumbers();
  return taken;
}

/** Opened by name: what Deno opens itself it does not hand on to children. */
function openBoth(from: number, to: number): OwnDescriptors {
  return {
    input: Deno.openSync(`${directory}/${from}`, { read: true }),
    output: Deno.openSync(`${directory}/${to}`, { write: true }),
  };
}

/** Deno closes only what it has opened itself. Left open, these would only be inherited. */
function closeNumbers(): void {
  const isMac = Deno.build.os === "darwin";
  try {
    const library = Deno.dlopen(isMac ? "libSystem.B.dylib" : "libc.so.6", {
      close: { parameters: ["i32"], result: "i32" },
      fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
    });
    const { close, fcntl } = library.symbols;
    for (const number of [input, output]) {
      if (!isMac) fcntl(number, setPipeSize, workerPipeBytes);
      close(number);
    }
    library.close();
  } catch {
    // No such library, or no right to call it.
  }
}

/**
 * Does what the shell does, and the same to the copies that Deno has made of 0 and 1 at its start.
 */
function moveAway(): OwnDescriptors | undefined {
  try {
    const library = Deno.dlopen("libc.so.6", {
      open: { parameters: ["buffer", "i32"], result: "i32" },
      dup2: { parameters: ["i32", "i32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
      fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
    });
    const [inputs, outputs] = [copiesOf(0), copiesOf(1)];
    const own = openBoth(0, 1);
    const { open, dup2, close, fcntl } = library.symbols;
    for (const number of [0, 1]) fcntl(number, setPipeSize, workerPipeBytes);
    const empty = open(new TextEncoder().encode("/dev/null\0"), readOnly);
    for (const number of inputs) dup2(empty, number);
    for (const number of outputs) dup2(2, number);
    close(empty);
    library.close();
    return own;
  } catch {
    // No such library, or no right to call it: the pipes stay.
    return undefined;
  }
}

function copiesOf(number: number): number[] {
  const place = placeOf(number);
  const numbers = [...Deno.readDirSync(directory)].map(({ name }) => Number(name));
  return numbers.filter((other) => placeOf(other) === place);
}

/** What is open there; the number by which a directory is listed is closed by then. */
function placeOf(number: number): string | undefined {
  try {
    return Deno.readLinkSync(`${directory}/${number}`);
  } catch {
    return undefined;
  }
}
