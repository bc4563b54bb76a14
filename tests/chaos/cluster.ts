/** Servers and clients as processes, under one registry, and the books that they keep. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/free_port.ts";
import { RpcHome, type RpcProcess, type RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { type Audit, audit, type Execution, readLedger, readOutcomes } from "./audit.ts";
import type { LoadReport, LoadSettings } from "./load.ts";
import { skippedIf } from "../support/skipped_if.ts";

const procedures = fileURLToPath(new URL("fixtures/procedures.ts", import.meta.url));
/** The module that also holds the procedures that behave badly. */
export const unrulyProcedures = fileURLToPath(new URL("fixtures/unruly.ts", import.meta.url));

const clientProgram = new URL("fixtures/client.ts", import.meta.url);

/** How long a call of a client may take: more than a machine with much else to do needs. */
export const loadTimeoutMs = 120_000;

/** How to start a server. */
export interface ServeOptions {
  /** @default any free one */
  readonly port?: number;
  /** Further flags. */
  readonly args?: readonly string[];
  /** How long each recorded call takes. @default 0 */
  readonly slowMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Whose exports are served. @default the procedures that keep a ledger */
  readonly module?: string;
  /** See {@link RpcHome.start}. */
  readonly shell?: string;
  /** See {@link RpcHome.start}. */
  readonly program?: URL;
}

/** A client process at work. */
export interface Load {
  readonly process: RpcProcess;
  readonly answered: number;
  readonly failed: number;
  /** For how long the oldest of the calls under way has waited. */
  readonly oldestMs: number;
  /** Resolves when so many more calls have been answered. */
  more(calls: number): Promise<void>;
  /** Ends it, and resolves to its counts. */
  stop(): Promise<LoadReport>;
}

/** Everything that one test runs. Disposing of it kills what is left. */
export class Cluster implements AsyncDisposable {
  readonly home: RpcHome;
  readonly #loads: string[] = [];
  readonly #reports: LoadReport[] = [];
  #servers = 0;

  private constructor(home: RpcHome) {
    this.home = home;
  }

  /** `registry`: a URL. @default `local:` in a directory of its own */
  static async create(registry?: string): Promise<Cluster> {
    // Some of its servers start while nobody can reach that.
    const home = await RpcHome.create(registry, { isReachable: false });
    await Deno.writeTextFile(`${home.directory}/ledger`, "");
    return new Cluster(home);
  }

  /**
   * Starts a server with one worker and resolves when it takes calls. It is called `s1`, `s2`, ...
   */
  async serve(options: ServeOptions = {}): Promise<RpcServerProcess> {
    const { port = freePort(), args = [], slowMs = 0, env = {}, shell, program } = options;
    const { module = procedures } = options;
    return await this.home.serve(["127.0.0.1", String(port), module, ...args], {
      ...(shell === undefined ? {} : { shell }),
      ...(program === undefined ? {} : { program }),
      env: {
        RPC_CHAOS_LEDGER: `${this.home.directory}/ledger`,
        RPC_CHAOS_SERVER: `s${++this.#servers}`,
        RPC_CHAOS_SLOW_MS: String(slowMs),
        ...env,
      },
    });
  }

  /** Starts so many servers at once. */
  serveMany(count: number, options: ServeOptions = {}): Promise<RpcServerProcess[]> {
    return Promise.all(Array.from({ length: count }, () => this.serve(options)));
  }

  /**
   * Starts a client, and resolves when calls are answered.
   *
   * @param command its program. @default ours, of the client library
   */
  async load(
    settings: Partial<LoadSettings> = {},
    shell?: string,
    command?: readonly string[],
  ): Promise<Load> {
    const name = settings.name ?? `c${this.#loads.length + 1}`;
    const outcomes = `${this.home.directory}/outcomes_${name}`;
    this.#loads.push(outcomes);
    const all: LoadSettings = {
      registry: this.home.registry,
      stateDirectory: `${this.home.directory}/state/rpc`,
      callers: 4,
      methods: ["once", "again"],
      timeoutMs: loadTimeoutMs,
      pauseMs: 5,
      ...settings,
      name,
      outcomes,
    };
    const process = this.home.start([JSON.stringify(all)], {
      ...(command === undefined ? { program: clientProgram } : { command }),
      ...(shell === undefined ? {} : { shell }),
    });
    const load = new LoadProcess(process, (report) => this.#reports.push(report));
    await load.more(1);
    return load;
  }

  /** What has run so far. */
  executions(): Execution[] {
    return readLedger(Deno.readTextFileSync(`${this.home.directory}/ledger`));
  }

  /** Resolves when so many more calls of each server named have run. */
  async runsOn(server: string, calls = 1): Promise<void> {
    const count = () => this.executions().filter((execution) => execution.server === server).length;
    const before = count();
    await waitFor(`${calls} more calls on ${server}`, () => count() >= before + calls);
  }

  /** After all clients have stopped: compares their books with the servers'. See {@link audit}. */
  audit(): Audit {
    assert.equal(this.#reports.length, this.#loads.length, "all clients have stopped");
    const sent = this.#reports.reduce((sum, report) => sum + report.sent, 0);
    const outcomes = this.#loads.flatMap((path) => readOutcomes(Deno.readTextFileSync(path)));
    return audit(sent, outcomes, this.executions());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.home[Symbol.asyncDispose]();
  }
}

class LoadProcess implements Load {
  readonly process: RpcProcess;
  readonly #onReport: (report: LoadReport) => void;

  constructor(process: RpcProcess, onReport: (report: LoadReport) => void) {
    this.process = process;
    this.#onReport = onReport;
  }

  get answered(): number {
    return this.#progress()[0] ?? 0;
  }

  get failed(): number {
    return this.#progress()[1] ?? 0;
  }

  get oldestMs(): number {
    return this.#progress()[2] ?? 0;
  }

  async more(calls: number): Promise<void> {
    const goal = this.answered + calls;
    await waitFor(
      () => `${calls} more calls to be answered: ${this.process.describe()}`,
      () => this.answered >= goal,
      { periodMs: 25 },
    );
  }

  async stop(): Promise<LoadReport> {
    this.process.signal("SIGTERM");
    const [, json = ""] = await this.process.line(/^report (.*)$/);
    await this.process.ended();
    const report: LoadReport = JSON.parse(json);
    this.#onReport(report);
    return report;
  }

  #progress(): number[] {
    const line = this.process.lines.findLast((line) => line.startsWith("progress "));
    return line?.split(" ").slice(1).map(Number) ?? [];
  }
}

/**
 * Resolves when a call that hung for `hungMs` has ended; to how long it took from now, in
 * milliseconds.
 */
export async function untilNothingHangs(load: Load, hungMs = 1_000): Promise<number> {
  const startedAtMs = performance.now();
  const options = { periodMs: 20 };
  await waitFor("a call that hangs", () => load.oldestMs >= hungMs, options);
  await waitFor("no call to hang", () => load.oldestMs < hungMs, options);
  return Math.round(performance.now() - startedAtMs);
}

/** Ends clients, and resolves to their counts. */
export function stopAll(loads: readonly Load[]): Promise<LoadReport[]> {
  return Promise.all(loads.map((load) => load.stop()));
}

/** The longest time without an answer that any client saw, in milliseconds. */
export function longestGapMs(reports: readonly LoadReport[]): number {
  return Math.round(Math.max(...reports.map((report) => report.longestGapMs)));
}

/**
 * Prints what a row of the fault table came to: `docs/RELIABILITY.md` is written from these lines.
 */
export function measured(row: string, figures: Readonly<Record<string, unknown>>): void {
  console.log(`measured ${row}: ${JSON.stringify(figures)}`);
}

/** A test of faults, which come as signals that not every system has. */
export function chaosTest(name: string, fn: () => Promise<void>): void {
  const reason = Deno.build.os === "windows" ? "Windows has no signals" : undefined;
  Deno.test({ ...skippedIf(reason, name), fn });
}

/** Whether everything is to be run, however long it takes: `deno task chaos`. */
export const isLong = Deno.env.get("RPC_TEST_CHAOS") === "long";
