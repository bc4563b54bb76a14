/**
 * Descriptors of their own for the lines between a server and a worker of ours. Stdin and stdout are anybody's:
 * a procedure reads them, closes them, or starts programs that inherit them. So a shell moves the two pipes
 * to other numbers before it becomes the worker, whose stdin is then empty and whose stdout is its stderr.
 * Where there is no shell they stay where they are (docs/adr/0014-a-worker-has-descriptors-of-its-own.md).
 */

/** Says to a worker that its lines are not on stdin and stdout. */
const variable = "RPC_WORKER_DESCRIPTORS";

const input = 3;
const output = 4;
const shell = "/bin/sh";
const directory = "/dev/fd";
const script = `exec ${input}<&0 ${output}>&1 0</dev/null 1>&2; exec "$@"`;

/** How a program is started. */
interface Startable {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The same command with the pipes out of everybody's way, if that can be done here. The process is the same one. */
export function withOwnDescriptors<Command extends Startable>(command: Command): Command {
  if (Deno.build.os === "windows" || !exists(shell) || !exists(directory)) return command;
  const { program, args, env } = command;
  return {
    ...command,
    program: shell,
    args: ["-c", script, "rpc worker", program, ...args],
    env: { ...env, [variable]: "1" },
  };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The worker's ends of the two pipes. */
export interface OwnDescriptors {
  readonly input: Deno.FsFile;
  readonly output: Deno.FsFile;
}

/** Opens them, for this process alone: what it starts does not get them. `undefined`: it was given none. */
export function takeOwnDescriptors(): OwnDescriptors | undefined {
  if (Deno.env.get(variable) === undefined) return undefined;
  // What a procedure starts is no worker of this server.
  Deno.env.delete(variable);
  const taken = {
    input: Deno.openSync(`${directory}/${input}`, { read: true }),
    output: Deno.openSync(`${directory}/${output}`, { write: true }),
  };
  closeNumbers();
  return taken;
}

/** Deno closes what it has opened, and these it has not. Left open they would only be inherited. */
function closeNumbers(): void {
  const name = Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
  try {
    const library = Deno.dlopen(name, { close: { parameters: ["i32"], result: "i32" } });
    for (const number of [input, output]) library.symbols.close(number);
    library.close();
  } catch {
    // No such library, or no right to call it.
  }
}
