import { messageOf } from "../base/errors.ts";
import { endsWithDemoVariable } from "./ends_with_demo.ts";
import type { DemoClientLine } from "./record.ts";
import { CommandError } from "../base/command_error.ts";
import { selfCommand } from "../library/self_command.ts";

/** Where the processes of a demo find each other. */
export interface DemoPlace {
  readonly registry: string;
  readonly service: string;
}

/** What the last lines of a process that failed may be, in characters. */
const complaintMax = 2_000;

/** A process, its stdout line by line, and what it complained of. */
class DemoProcess {
  readonly #child: Deno.ChildProcess;
  readonly #complaint: Promise<string>;

  constructor(args: readonly string[], stdin: "piped" | "null", onLine: (line: string) => void) {
    const { program, args: all } = selfCommand(args);
    this.#child = new Deno.Command(program, {
      args: [...all],
      env: { [endsWithDemoVariable]: "1" },
      stdin,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = eachLine(this.#child.stdout, onLine);
    this.#complaint = textOf(this.#child.stderr);
    this.ended = Promise.all([this.#child.status, output]).then(([{ code }]) => code);
  }

  /** Resolves to the exit code when all that it printed was read. */
  readonly ended: Promise<number>;

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves to what it printed on stderr, when it has ended. */
  get complaint(): Promise<string> {
    return this.#complaint;
  }

  /** Writes to its stdin, which must be piped, and closes that. */
  async tell(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
    } catch {
      // It has ended, and that is told elsewhere.
    }
  }

  signal(name: Deno.Signal): void {
    try {
      this.#child.kill(name);
    } catch {
      // It has ended already.
    }
  }
}

/** A server with one worker, so that more of them are faster. */
export class DemoServer {
  readonly #process: DemoProcess;
  /** Resolves to its address when it takes calls. */
  readonly ready: Promise<string>;

  constructor({ registry, service }: DemoPlace) {
    const ready = Promise.withResolvers<string>();
    this.#process = new DemoProcess(
      [
        // On this machine's loopback, whatever keys it has: the demo is nobody's service.
        ...["serve", "127.0.0.1", "0", "--insecure", "--registry", registry],
        ...["--service", service],
        ...["--workers", "1", "--drain-grace", "0", "--log-level", "warn"],
      ],
      "null",
      (line) => {
        const address = /^ready (\S+) /.exec(line)?.[1];
        if (address !== undefined) ready.resolve(address);
      },
    );
    this.ready = ready.promise;
    // Whoever waits for it hears of it; before that it is nobody's rejection.
    this.ready.catch(() => {});
    void this.#process.ended.then(async (code) => {
      const complaint = (await this.#process.complaint).trim();
      ready.reject(
        new CommandError(
          `Cannot start a server: exit code ${code}${complaint === "" ? "" : `: ${complaint}`}`,
        ),
      );
    });
  }

  get pid(): number {
    return this.#process.pid;
  }

  get ended(): Promise<number> {
    return this.#process.ended;
  }

  /** Ends it without a warning. */
  kill(): void {
    this.#process.signal("SIGKILL");
  }

  /** Asks it to end, and resolves when it has. */
  async stop(): Promise<void> {
    this.#process.signal("SIGTERM");
    await this.#process.ended;
  }
}

/** A client that has found its registry, and makes its calls once told to. */
export class DemoClient {
  readonly #process: DemoProcess;
  /** Resolves when it can begin. */
  readonly ready: Promise<void>;

  constructor(
    { registry, service }: DemoPlace,
    calls: number,
    onCall: (call: DemoClientLine) => void,
  ) {
    const ready = Promise.withResolvers<void>();
    this.#process = new DemoProcess(
      [
        ...["demo-client", "--insecure", "--registry", registry, "--service", service],
        ...["--calls", String(calls)],
      ],
      "piped",
      (line) => {
        if (line === "ready") ready.resolve();
        else onCall(JSON.parse(line));
      },
    );
    this.ready = Promise.race([ready.promise, this.#process.ended.then(() => {})]);
  }

  /** Resolves to its exit code. */
  get ended(): Promise<number> {
    return this.#process.ended;
  }

  /** What it printed on stderr, when it has ended. */
  get complaint(): Promise<string> {
    return this.#process.complaint;
  }

  begin(): Promise<void> {
    return this.#process.tell("go\n");
  }

  async stop(): Promise<void> {
    this.#process.signal("SIGKILL");
    await this.#process.ended;
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
}

async function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  try {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text = (text + part).slice(-complaintMax);
    }
  } catch (error) {
    return messageOf(error);
  }
  return text;
}
