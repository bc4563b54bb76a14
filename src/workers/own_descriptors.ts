/**
 * Separate descriptors for the lines between a server and a worker of ours. Procedures may read or
 * close stdin and stdout, or start programs that inherit them. So a shell moves the two pipes to
 * other numbers before it becomes the worker, whose stdin is then empty and whose stdout is its
 * stderr. Without a shell, as in a small container image, a worker on Linux does that itself. On
 * other systems the pipes stay (docs/adr/0014-a-worker-has-descriptors-of-its-own.md).
 */

import { workerPipeBytes } from "./limits.ts";
import { openCLibrary } from "../base/system/c_library.ts";
import { isGranted } from "../base/system/is_granted.ts";
import { exists } from "../base/paths.ts";
import { waiterFor, type WaitForInput } from "./poll_file.ts";

/** The environment variable that tells a worker who moves its pipes. */
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

/** What a worker in a sandbox must be allowed to read and to write, to open them. */
export const descriptorPaths = {
  read: [`${directory}/${input}`],
  write: [`${directory}/${output}`],
} as const;

const script = `exec ${input}<&0 ${output}>&1 0</dev/null 1>&2; exec "$@"`;

/** How a program is started. */
interface Startable {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The same command, but with moved pipes, if that is possible here. It becomes the same process.
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
  /** `undefined`: only the runtime can wait. */
  readonly waitForInput: WaitForInput | undefined;
}

/**
 * Opens the descriptors for this process only: its children do not inherit them. `undefined`: the
 * pipes were not moved.
 */
export function takeOwnDescriptors(): OwnDescriptors | undefined {
  const state = Deno.env.get(descriptorsVariable);
  if (state === undefined) return undefined;
  // Programs that a procedure starts are not workers of this server.
  Deno.env.delete(descriptorsVariable);
  if (state === toMove) return moveAway();
  const taken = openBoth(input, output);
  closeNumbers();
  return taken;
}

/** Opens them by name: files that Deno opens are not inherited by children. */
function openBoth(from: number, to: number): OwnDescriptors {
  const before = seenCopiesOf(from);
  const input = Deno.openSync(`${directory}/${from}`, { read: true });
  const number = seenCopiesOf(from).find((copy) => !before.includes(copy));
  return {
    input,
    output: Deno.openSync(`${directory}/${to}`, { write: true }),
    waitForInput: number === undefined ? undefined : waiterFor(number),
  };
}

/** Closes the original numbers, which children would inherit. Deno has no function for that. */
function closeNumbers(): void {
  const library = openCLibrary({
    close: { parameters: ["i32"], result: "i32" },
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  if (library === undefined) return;
  const { close, fcntl } = library.symbols;
  for (const number of [input, output]) {
    if (Deno.build.os === "linux") fcntl(number, setPipeSize, workerPipeBytes);
    close(number);
  }
  library.close();
}

/** Moves the pipes as the shell would, also the copies that Deno made of 0 and 1 at its start. */
function moveAway(): OwnDescriptors | undefined {
  const library = openCLibrary({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  });
  if (library === undefined) return undefined;
  try {
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
    // We may not look at our descriptors, or not open them: the pipes stay.
    return undefined;
  }
}

/** The numbers of the same pipe, as far as this process may look at them and use them. */
function seenCopiesOf(number: number): number[] {
  // A sandbox allows no look at them.
  const mayLook = Deno.build.os === "linux" && isGranted({ name: "read" }) &&
    isGranted({ name: "ffi" });
  try {
    return mayLook ? copiesOf(number) : [];
  } catch {
    // The system may forbid it, too.
    return [];
  }
}

function copiesOf(number: number): number[] {
  const place = placeOf(number);
  const numbers = [...Deno.readDirSync(directory)].map(({ name }) => Number(name));
  return numbers.filter((other) => placeOf(other) === place);
}

/** The file behind a descriptor; `undefined` if it is closed. */
function placeOf(number: number): string | undefined {
  try {
    return Deno.readLinkSync(`${directory}/${number}`);
  } catch {
    return undefined;
  }
}
