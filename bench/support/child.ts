/**
 * Child processes of the benchmark: servers that say when they are ready, and programs that run to
 * their end.
 */

/** How a program is started. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A server under the benchmark's control. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** What it listens on. */
  readonly port: number;
  /** Sends SIGKILL, and returns at once. */
  kill(): void;
  /** Ends it politely, or after a while by force, and resolves when it has ended. */
  stop(): Promise<void>;
}

/** For a machine whose cores others have. */
const startTimeoutMs = 120_000;
const stopTimeoutMs = 120_000;
const drainTimeoutMs = 1_000;

/** All that have not ended. */
const running = new Set<Deno.ChildProcess>();
let endsThemWithUs = false;

/** Ends them with the benchmark where it is killed: a terminal's Ctrl-C reaches them by itself. */
function endThemWithUs(): void {
  if (endsThemWithUs || Deno.build.os === "windows") return;
  endsThemWithUs = true;
  for (const [signal, number] of [["SIGTERM", 15], ["SIGHUP", 1]] as const) {
    Deno.addSignalListener(signal, () => {
      for (const child of running) kill(child, "SIGKILL");
      Deno.exit(128 + number);
    });
  }
}

/**
 * Starts a server that prints a line `ready <port>` or `ready <host>:<port> ...`, and waits for it.
 * `printed` is told each line that follows.
 */
export async function startServer(
  command: Command,
  printed: (line: string) => void = () => {},
): Promise<Server> {
  const child = spawn(command, "inherit");
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill(child, "SIGKILL");
  }, startTimeoutMs);
  const [line, rest] = await firstLine(child.stdout, printed);
  clearTimeout(timer);
  const port = Number(/^ready (?:\S*:)?(\d+)/.exec(line)?.[1]);
  if (Number.isNaN(port)) {
    kill(child, "SIGKILL");
    await child.status;
    const problem = isLate
      ? `it was not ready in ${startTimeoutMs / 1_000} s`
      : `it printed ${JSON.stringify(line)}`;
    throw new Error(`Cannot start a server: ${problem}\n${describe(command)}`);
  }
  const stop = async () => {
    await stopped(child);
    // What it has printed is read, unless children that it left behind hold the pipe.
    const drained = Promise.withResolvers<void>();
    const timer = setTimeout(drained.resolve, drainTimeoutMs);
    await Promise.race([rest, drained.promise]);
    clearTimeout(timer);
  };
  return {
    pid: child.pid,
    port,
    kill: () => kill(child, "SIGKILL"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Runs a program to its end and returns what it printed on stdout. `started` is told its process
 * id.
 *
 * @throws {Error} if it fails, with what it printed on stderr
 */
export async function runToEnd(
  command: Command,
  started: (pid: number) => void = () => {},
): Promise<string> {
  const child = spawn(command, "piped");
  started(child.pid);
  const { success, stdout, stderr } = await child.output();
  if (success) return new TextDecoder().decode(stdout);
  const problem = new TextDecoder().decode(stderr).trim().slice(-2_000);
  throw new Error(`${problem}\n${describe(command)}`);
}

/** The command with as many file handles as the system lets it have. */
export function withManyHandles({ program, args, ...rest }: Command): Command {
  if (Deno.build.os === "windows") return { program, args, ...rest };
  const script = 'ulimit -n "$(ulimit -Hn)" && exec "$@"';
  return {
    program: "sh",
    args: ["-c", script, "sh", program, ...args],
    ...rest,
  };
}

/** Whether a program is there and answers to these arguments. */
export async function canRun(
  program: string,
  args: readonly string[],
): Promise<boolean> {
  try {
    await runToEnd({ program, args });
    return true;
  } catch {
    return false;
  }
}

function spawn(
  { program, args, cwd, env }: Command,
  stderr: "inherit" | "piped",
): Deno.ChildProcess {
  endThemWithUs();
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...env } }),
  }).spawn();
  running.add(child);
  void child.status.finally(() => running.delete(child));
  return child;
}

/** The first line, or all there is if it ends before; `printed` is told the lines that follow. */
async function firstLine(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  printed: (line: string) => void,
): Promise<readonly [first: string, rest: Promise<void>]> {
  const first = Promise.withResolvers<string>();
  let isFirst = true;
  const rest = eachLine(stdout, (line) => {
    if (isFirst) first.resolve(line);
    else printed(line);
    isFirst = false;
  });
  return [await Promise.race([first.promise, rest]), rest.then(() => {})];
}

/** Resolves at the end, with what came after the last line. */
async function eachLine(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<string> {
  let text = "";
  for await (const part of stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  return text;
}

async function stopped(child: Deno.ChildProcess): Promise<void> {
  kill(child, "SIGTERM");
  const timer = setTimeout(() => kill(child, "SIGKILL"), stopTimeoutMs);
  await child.status;
  clearTimeout(timer);
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}

function describe({ program, args }: Command): string {
  return [program, ...args].join(" ");
}
