import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { type Clock, sleep } from "../base/clock.ts";
import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import { selfCommand } from "../library/self_command.ts";
import { demoVariable } from "./demo_variable.ts";
import { type DemoClientLine, demoWords } from "./record.ts";
import type { Reporter, Reports } from "./reports.ts";

/** Where the processes of a demo find each other. */
interface DemoPlace {
  readonly registry: string;
  readonly service: string;
}

/** The most that is shown of the last lines of a process that failed, in bytes. */
const complaintMax = 2_000;

/** How long a process may take to end after it was asked to. Its calls take less than a second. */
const endsWithinMs = 10_000;

/** What a demo provides to its processes. */
export interface DemoStage {
  readonly place: DemoPlace;
  readonly reports: Reports;
  /** A directory of the demo's own, for what its processes print. */
  readonly directory: string;
  readonly clock: Clock;
}

/**
 * A process that reports to the demo, and what it printed on stderr. It has no pipe to the demo.
 */
class DemoProcess {
  readonly #child: ChildProcess;
  readonly #reporter: Reporter;
  readonly #clock: Clock;
  readonly #complaintPath: string;
  #hasEnded = false;

  /** @throws {Error} it cannot be started */
  constructor(
    { reports, directory, clock }: DemoStage,
    args: readonly string[],
    onLine: (line: string) => void,
  ) {
    this.#clock = clock;
    this.#reporter = reports.await(onLine);
    this.#complaintPath = join(directory, `${crypto.randomUUID()}.txt`);
    const { program, args: all } = selfCommand(args);
    // Started by Node's API: Deno's own cannot redirect the output to a file.
    const complaints = openSync(this.#complaintPath, "w");
    try {
      this.#child = spawn(program, [...all], {
        env: { ...Deno.env.toObject(), [demoVariable]: this.#reporter.invitation },
        stdio: ["ignore", "ignore", complaints],
      });
    } finally {
      closeSync(complaints);
    }
    const exited = new Promise<string>((resolve) => {
      this.#child.once("error", (error) => resolve(messageOf(error)));
      this.#child.once(
        "exit",
        (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`),
      );
    });
    this.ended = exited.then(async (how) => {
      this.#hasEnded = true;
      this.#reporter.gone();
      await this.#reporter.ended;
      return how;
    });
  }

  /** Resolves to how it ended, once all that it reported was read. */
  readonly ended: Promise<string>;

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The end of what it has printed on stderr so far. */
  complaint(): string {
    try {
      const bytes = Deno.readFileSync(this.#complaintPath);
      return new TextDecoder().decode(bytes.subarray(-complaintMax)).trim();
    } catch (error) {
      return messageOf(error);
    }
  }

  say(line: string): void {
    this.#reporter.say(line);
  }

  kill(): void {
    if (!this.#hasEnded) this.#child.kill("SIGKILL");
  }

  /**
   * Asks it to end over its connection, which works on every system, and kills it if it does not.
   */
  async stop(): Promise<void> {
    this.#reporter.close();
    const stop = new AbortController();
    const isLate = sleep(this.#clock, endsWithinMs, stop.signal).then(() => this.kill());
    await Promise.race([this.ended, isLate.then(() => this.ended)]);
    stop.abort();
  }
}

/** A server with one worker, so that more of them are faster. */
export class DemoServer {
  readonly #process: DemoProcess;
  /** Resolves to its address when it takes calls. */
  readonly ready: Promise<string>;

  constructor(stage: DemoStage) {
    const { registry, service } = stage.place;
    const ready = Promise.withResolvers<string>();
    this.#process = new DemoProcess(
      stage,
      [
        // It listens on the loopback alone, so it needs no keys even where the machine has some.
        ...["serve", "127.0.0.1", "0", "--insecure", "--registry", registry],
        ...["--service", service],
        ...["--workers", "1", "--drain-grace", "0", "--log-level", "warn"],
      ],
      ready.resolve,
    );
    this.ready = ready.promise;
    // Whoever awaits it gets the rejection; until then it must not count as unhandled.
    this.ready.catch(() => {});
    void this.#process.ended.then((how) => {
      const complaint = this.#process.complaint();
      ready.reject(
        new CommandError(`Cannot start a server: ${how}${complaint && `: ${complaint}`}`),
      );
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves to how it ended. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** Ends it without a warning. */
  kill(): void {
    this.#process.kill();
  }

  /** Asks it to end, and resolves when it has. */
  stop(): Promise<void> {
    return this.#process.stop();
  }
}

/**
 * A client that opens its registry, and calls when it is told to begin: at least so many times, and
 * until it is allowed to end.
 */
export class DemoClient {
  readonly #process: DemoProcess;
  /** Resolves when it can begin. */
  readonly ready: Promise<void>;

  constructor(
    stage: DemoStage,
    calls: number,
    onCall: (call: DemoClientLine) => void,
  ) {
    const { registry, service } = stage.place;
    const ready = Promise.withResolvers<void>();
    this.#process = new DemoProcess(
      stage,
      [
        ...["demo-client", "--insecure", "--registry", registry, "--service", service],
        ...["--calls", String(calls)],
      ],
      (line) => {
        if (line === "ready") ready.resolve();
        else onCall(JSON.parse(line));
      },
    );
    this.ready = Promise.race([ready.promise, this.#process.ended.then(() => {})]);
  }

  /** Resolves to how it ended. */
  get ended(): Promise<string> {
    return this.#process.ended;
  }

  /** What it has printed on stderr. */
  complaint(): string {
    return this.#process.complaint();
  }

  /** Ends it without a warning. */
  kill(): void {
    this.#process.kill();
  }

  begin(): void {
    this.#process.say(demoWords.begin);
  }

  /** Lets it end as soon as it has made its least number of calls. */
  letEnd(): void {
    this.#process.say(demoWords.enough);
  }

  /** Asks it to end, and resolves when it has. */
  stop(): Promise<void> {
    return this.#process.stop();
  }
}
