/**
 * `rpc` as real processes, apart from the machine's own settings and servers: each test has a home,
 * a temporary directory that holds the local registry, the settings and the last known lists.
 */

import { join } from "node:path";
import { bareEnv, denoCommand, rpcCommand } from "./program.ts";
import { waitFor, within } from "./wait_for.ts";

/** How long a server may take to be ready, and a command to end: far more than either needs. */
const patienceMs = 180_000;

/** Beside the command line. */
export interface RpcRunOptions {
  /** Further environment variables; an empty one counts as none. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the home's own directory, which has no rpc.toml unless the test writes one */
  readonly cwd?: string;
  /** What stands on stdin. @default nothing */
  readonly stdin?: string;
  /** When the process is killed, and the test fails. @default 180_000 */
  readonly timeoutMs?: number;
  /** What is run in place of `rpc`: a test's own program. @default the program under test */
  readonly program?: URL;
  /** The words of a test's own program that is none of Deno's, in place of {@link program}. */
  readonly command?: readonly string[];
  /**
   * Whether it has a process group of its own, for {@link RpcProcess.signalGroup}. @default false
   */
  readonly ownGroup?: boolean;
  /** A shell's words before the command, for example `ulimit -n 64;`. @default none: no shell */
  readonly shell?: string;
}

/** What a command came to. */
export interface RpcRunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of stdout. */
  readonly lines: readonly string[];
  readonly durationMs: number;
}

/** A place to run `rpc` in. Disposing of it kills what it started, and removes its files. */
export class RpcHome implements AsyncDisposable {
  /** Where its files are. */
  readonly directory: string;
  /** The registry of all that is started here, unless a command line names another. */
  readonly registry: string;
  readonly #isReachable: boolean;
  readonly #processes = new Set<RpcProcess>();

  private constructor(directory: string, registry: string, isReachable: boolean) {
    this.directory = directory;
    this.registry = registry;
    this.#isReachable = isReachable;
  }

  /**
   * Makes one.
   *
   * @param registry a URL. @default `local:` in the home
   * @param isReachable whether servers are waited for until that registry lists them
   */
  static async create(registry?: string, { isReachable = true } = {}): Promise<RpcHome> {
    const directory = await Deno.makeTempDir({ prefix: "rpc_home_" });
    for (const name of ["run", "config", "state", "work"]) await Deno.mkdir(`${directory}/${name}`);
    return new RpcHome(directory, registry ?? `local:${directory}/registry`, isReachable);
  }

  /** The user's own settings file. */
  get settingsPath(): string {
    return join(this.directory, "config", "rpc", "rpc.toml");
  }

  /** The directory that commands run in. */
  get workingDirectory(): string {
    return join(this.directory, "work");
  }

  /** What a process of this home has in its environment. */
  env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const inherited = Object.keys(Deno.env.toObject()).filter((name) => name.startsWith("RPC_"));
    return {
      // Whoever runs the tests may have settings of their own: an empty one counts as none.
      ...Object.fromEntries(inherited.map((name) => [name, ""])),
      RPC_REGISTRY: this.registry,
      // A machine with much else to do takes longer for some calls than they are given as a rule.
      RPC_TIMEOUT: "2m",
      RPC_ANSWER_TIMEOUT: "2m",
      XDG_RUNTIME_DIR: `${this.directory}/run`,
      XDG_CONFIG_HOME: `${this.directory}/config`,
      XDG_STATE_HOME: `${this.directory}/state`,
      ...(Deno.build.os === "windows"
        ? { APPDATA: join(this.directory, "config"), LOCALAPPDATA: join(this.directory, "state") }
        : {}),
      NO_COLOR: "1",
      ...more,
    };
  }

  /** Starts `rpc <args>`, and collects what it prints. */
  start(args: readonly string[], options: RpcRunOptions = {}): RpcProcess {
    const process = new RpcProcess(args, {
      env: { ...(options.program === undefined ? bareEnv() : {}), ...this.env(options.env) },
      cwd: options.cwd ?? this.workingDirectory,
      stdin: options.stdin,
      program: options.program,
      command: options.command,
      shell: options.shell,
      ownGroup: options.ownGroup ?? false,
    });
    this.#processes.add(process);
    return process;
  }

  /** Runs `rpc <args>` to its end. */
  async run(args: readonly string[], options: RpcRunOptions = {}): Promise<RpcRunResult> {
    const startedAtMs = performance.now();
    const process = this.start(args, options);
    const code = await process.ended(options.timeoutMs);
    return {
      code,
      stdout: process.stdout,
      stderr: process.stderr,
      lines: process.lines,
      durationMs: performance.now() - startedAtMs,
    };
  }

  /**
   * Starts `rpc serve 127.0.0.1 0 --workers 1 <args>`, and resolves when it takes calls, and its
   * registry lists it. `args` may begin with a host and a port of its own, and flags given twice
   * count as given last.
   */
  async serve(
    args: readonly string[] = [],
    options: RpcRunOptions = {},
  ): Promise<RpcServerProcess> {
    const address = args[0] === undefined || args[0].startsWith("-") ? ["127.0.0.1", "0"] : [];
    const process = this.start(["serve", "--workers", "1", ...address, ...args], options);
    const ready = await process.line(/^ready (.*):(\d+) service=(\S+) registry=(.+)$/);
    if (this.#isReachable) await process.listed();
    return new RpcServerProcess(process, ready);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.kill()));
    // The workers of a server that was killed end a moment later, and may write until then.
    await waitFor(`${this.directory} to be removed`, () => isRemoved(this.directory));
  }
}

/** One process, and what it has printed so far. */
export class RpcProcess {
  readonly #child: Deno.ChildProcess;
  readonly #commandLine: string;
  readonly #output = new AbortController();
  readonly #reader = new AbortController();
  readonly #ended: Promise<number>;
  readonly #lines: string[] = [];
  #lastLine = "";
  #stderr = "";
  #code: number | undefined;

  constructor(
    args: readonly string[],
    options: {
      readonly env: Record<string, string>;
      readonly cwd: string;
      readonly stdin: string | undefined;
      readonly program: URL | undefined;
      readonly command?: readonly string[] | undefined;
      readonly shell: string | undefined;
      readonly ownGroup: boolean;
    },
  ) {
    this.#commandLine = `rpc ${args.join(" ")}`;
    const { program } = options;
    const own = program === undefined ? rpcCommand : denoCommand(program);
    const command = [...(options.command ?? own), ...args];
    // `exec` leaves no process between us and the program, so that signals reach it.
    const [path, ...rest] = options.shell === undefined
      ? command
      : ["sh", "-c", `${options.shell} exec "$@"`, "sh", ...command];
    this.#child = new Deno.Command(path as string, {
      args: rest,
      env: options.env,
      cwd: options.cwd,
      detached: options.ownGroup,
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { signal } = this.#output;
    const output = Promise.all([
      collect(this.#child.stdout, AbortSignal.any([signal, this.#reader.signal]), (text) => {
        const lines = (this.#lastLine + text).split("\n");
        this.#lastLine = lines.pop() ?? "";
        this.#lines.push(...lines);
      }),
      collect(this.#child.stderr, signal, (text) => this.#stderr += text),
      options.stdin === undefined ? undefined : feed(this.#child.stdin, options.stdin),
    ]);
    this.#ended = this.#child.status.then(async ({ code }) => {
      await output;
      return this.#code = code;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written to stdout, whole. */
  get stdout(): string {
    return [...this.#lines, this.#lastLine].join("\n");
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The whole lines of stdout so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Its exit code, once it has ended; by signal N it is 128 + N. */
  get code(): number | undefined {
    return this.#code;
  }

  /**
   * Resolves to the first line of stdout that matches. Rejects when the process ends without one.
   */
  async line(pattern: RegExp, timeoutMs = patienceMs): Promise<RegExpExecArray> {
    const found = () =>
      this.lines.map((line) => pattern.exec(line)).find((match) => match !== null) ?? undefined;
    const match = await waitFor(
      () => `${pattern} from ${this.describe()}`,
      () => found() ?? (this.#code === undefined ? undefined : "ended"),
      { timeoutMs },
    );
    if (match !== "ended") return match;
    throw new Error(`No ${pattern} from ${this.describe()}`);
  }

  /** Resolves when stderr matches. */
  async says(pattern: RegExp, timeoutMs = patienceMs): Promise<void> {
    await waitFor(() => `${pattern} on the stderr of ${this.describe()}`, () => {
      return pattern.test(this.#stderr);
    }, { timeoutMs });
  }

  /**
   * Resolves when its registry lists it, as a server that is ready. It is so before that, too,
   * where a registry on a busy machine has not answered in time.
   */
  async listed(): Promise<void> {
    if (!/though the registry does not list this server yet/.test(this.#stderr)) return;
    await this.says(/ (INF Registered|WRN Registered: .*)$/m);
  }

  /** Sends a signal, if it still runs. */
  signal(name: Deno.Signal): void {
    if (this.#code === undefined) this.#child.kill(name);
  }

  /**
   * Sends a signal to it and to all that it has started, as a terminal does; it needs `ownGroup`.
   */
  signalGroup(name: Deno.Signal): void {
    if (this.#code === undefined) Deno.kill(-this.pid, name);
  }

  /** Reads no more of its stdout, and closes that: what `| head` does in the end. */
  closeStdout(): void {
    this.#reader.abort();
  }

  /** Resolves to its exit code. Kills it, and rejects, when it takes longer than that. */
  async ended(timeoutMs = patienceMs): Promise<number> {
    try {
      return await within(this.#commandLine, this.#ended, timeoutMs);
    } catch (error) {
      await this.kill();
      throw new Error(`It did not end: ${this.describe()}`, { cause: error });
    }
  }

  /** SIGKILL, if it still runs; resolves when it is dead. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    // What it has started itself may live on, and hold the other ends of its pipes.
    const limit = setTimeout(() => this.#output.abort(), 2_000);
    await this.#ended;
    clearTimeout(limit);
  }

  /** For the message of a failed test. */
  describe(): string {
    const state = this.#code === undefined ? "running" : `exit code ${this.#code}`;
    return `${this.#commandLine} (${state})\nstdout: ${tail(this.stdout)}\nstderr: ${
      tail(this.#stderr)
    }`;
  }
}

/** A server that takes calls. */
export class RpcServerProcess {
  readonly process: RpcProcess;
  readonly readyLine: string;
  readonly host: string;
  readonly port: number;

  constructor(process: RpcProcess, [line, host = "", port]: RegExpExecArray) {
    this.process = process;
    this.readyLine = line;
    this.host = host;
    this.port = Number(port);
  }

  /** `host:port` */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Its log. */
  get stderr(): string {
    return this.process.stderr;
  }

  /** SIGTERM; resolves to its exit code. */
  stop(): Promise<number> {
    this.process.signal("SIGTERM");
    return this.process.ended();
  }

  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void> {
    return this.process.kill();
  }
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  take: (text: string) => void,
): Promise<void> {
  try {
    for await (const text of stream.pipeThrough(new TextDecoderStream(), { signal })) take(text);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function feed(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It ended without reading all of it, which is its right.
  }
}

function tail(text: string): string {
  return text.length <= 2_000 ? text : `...${text.slice(-2_000)}`;
}

/** False if something was written in there meanwhile. */
async function isRemoved(directory: string): Promise<boolean> {
  try {
    await Deno.remove(directory, { recursive: true });
    return true;
  } catch (error) {
    if ((error as { readonly code?: string }).code === "ENOTEMPTY") return false;
    throw error;
  }
}
