/**
 * `deno task test [arguments]`: all tests, by `deno test` with these arguments; or those of the
 * paths among them. The last line tells the totals.
 *
 * Three processes share the tests, because most tests wait for something: two leave half of two
 * cores idle. They are processes and not `deno test --parallel`, since tests of one process share
 * its environment, its pid and its umask.
 */

/** What each process has, but for what those before it have: a third of the time of all. */
const shares: readonly (readonly string[])[] = [
  [
    ...["tests/e2e/gateway", "tests/e2e/two_hosts_test.ts", "tests/docs", "tests/workers"],
    ...["tests/server", "tests/zookeeper", "tests/clients"],
  ],
  ["tests/e2e"],
  ["tests/"],
];

/** A run that prints nothing for so long hangs: the longest test takes some minutes. */
const silenceMaxMs = 15 * 60 * 1_000;

// deno-lint-ignore no-control-regex
const colour = /\x1b\[[0-9;]*m/g;

/** How many tests passed, failed, and were skipped. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What a run of `deno test` came to, by the last summary that it printed; `undefined`: by none. */
export function totalsOf(output: string): Totals | undefined {
  const lines = output.replace(colour, "").split(/\r?\n/);
  for (const line of lines.reverse()) {
    // Steps, in parentheses, are parts of tests.
    const found = line.match(
      /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/,
    );
    if (found === null) continue;
    const [, passed, failed, skipped = "0"] = found;
    return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
  }
  return undefined;
}

/** What a run of `deno test` tells of the tests that failed, without colours; "" where none did. */
export function failuresOf(output: string): string {
  const lines = output.replace(colour, "").split(/\r?\n/);
  const first = lines.lastIndexOf(" ERRORS ");
  if (first < 0) return "";
  const last = lines.findLastIndex((line) => /^FAILED \| \d+ passed/.test(line));
  return lines.slice(first + 1, last < first ? undefined : last).join("\n").trim();
}

/** The totals as one line. */
export function inWords({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

/** Has nothing of this machine sought by way of a proxy, as what tests fetch always is. */
function direct(): Record<string, string> {
  const others = Deno.env.get("NO_PROXY") ?? Deno.env.get("no_proxy") ?? "";
  const hosts = [others, "127.0.0.1", "localhost", "::1"].filter((one) => one !== "").join();
  return { NO_PROXY: hosts, no_proxy: hosts };
}

/** One run of `deno test`, whose output is passed on as it comes, or kept until it is asked for. */
class Run {
  readonly #process: Deno.ChildProcess;
  readonly #written: Uint8Array[] = [];
  readonly #done: Promise<unknown>;
  readonly #silenceMaxMs: number;
  /** Resolves when it was ended, since it hung. */
  readonly #hung = Promise.withResolvers<void>();
  #isHung = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #shown = 0;
  #isShown = false;

  constructor(args: readonly string[], silenceMaxMs: number) {
    this.#silenceMaxMs = silenceMaxMs;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-prompt", ...args],
      env: { ...(Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {}), ...direct() },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.#process;
    this.#listen();
    this.#done = Promise.all([this.#keep(stdout), this.#keep(stderr)])
      .finally(() => clearTimeout(this.#silence));
  }

  /** Passes on what was printed, and whatever comes, until its end. */
  async show(): Promise<void> {
    this.#isShown = true;
    this.#passOn();
    await Promise.race([this.#done, this.#hung.promise]);
    if (!this.#isHung) return;
    console.error(
      `\nNothing was printed for ${
        this.#silenceMaxMs / 60_000
      } minutes, so this run was ended: the ` +
        "test that is named last hangs",
    );
  }

  /** What it came to; a run that hung or broke off has none, even if it printed some. */
  async totals(): Promise<Totals | undefined> {
    if (this.#isHung) return undefined;
    const { success } = await this.#process.status;
    await this.#done;
    const totals = totalsOf(await this.#text());
    return success || (totals?.failed ?? 0) > 0 ? totals : undefined;
  }

  /** What it told of tests that failed until now. */
  async failures(): Promise<string> {
    return failuresOf(await this.#text());
  }

  /** Ends it unless something is printed in time. What it started may go on to hold its output. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#isHung = true;
      this.#process.kill("SIGKILL");
      this.#hung.resolve();
    }, this.#silenceMaxMs);
  }

  #text(): Promise<string> {
    return new Blob(this.#written as BlobPart[]).text();
  }

  async #keep(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      if (!this.#isHung) this.#listen();
      this.#written.push(bytes);
      if (this.#isShown) this.#passOn();
    }
  }

  #passOn(): void {
    for (; this.#shown < this.#written.length; this.#shown++) {
      let rest = this.#written[this.#shown] as Uint8Array;
      while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
    }
  }
}

/**
 * Runs `deno test` once with each of these arguments, at the same time, and prints what they print,
 * one after the other. Returns all totals together; `undefined`: one of them told none.
 *
 * @param hungAfterMs ends a run that prints nothing for so long. @default 15 minutes
 */
export async function runTests(
  runs: readonly (readonly string[])[],
  hungAfterMs: number = silenceMaxMs,
): Promise<Totals | undefined> {
  let all: Totals | undefined = { passed: 0, failed: 0, skipped: 0 };
  // Files that others may read are among what is tested.
  if (Deno.build.os !== "windows") Deno.umask(0o022);
  const failures: string[] = [];
  for (const run of runs.map((args) => new Run(args, hungAfterMs))) {
    await run.show();
    failures.push(await run.failures());
    const one = await run.totals();
    all = one === undefined || all === undefined ? undefined : {
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    };
  }
  // The last run's own are the last that was printed; those before may be thousands of lines above.
  const before = failures.slice(0, -1).filter((text) => text !== "");
  if (before.length > 0) console.log(`\nFailed before, once more:\n\n${before.join("\n\n")}\n`);
  return all;
}

/** Whether an argument is a path of tests, in any form that people and shells write. */
export function namesTests(arg: string): boolean {
  return /^(?:\.[\\/]+)*tests(?:$|[\\/]|_)|[\\/]tests[\\/]|_test\.ts$/.test(arg) &&
    !arg.startsWith("-");
}

if (import.meta.main) {
  const hasPath = Deno.args.some(namesTests);
  const totals = await runTests(
    hasPath ? [Deno.args] : shares.map((paths, i) => {
      const others = shares.slice(0, i).flat();
      const but = others.length === 0 ? [] : [`--ignore=${others.join(",")}`];
      return [...Deno.args, ...but, ...paths];
    }),
  );
  if (totals === undefined) {
    console.error("A run of tests hung, broke off, or told no totals: see above");
    Deno.exit(1);
  }
  console.log(inWords(totals));
  Deno.exit(totals.failed === 0 ? 0 : 1);
}
