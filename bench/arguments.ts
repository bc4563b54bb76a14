import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Plan } from "./measures/measure.ts";

/** What the command line asks for. */
export interface BenchArguments {
  readonly plan: Plan;
  /** The one measure to run; `undefined`: all. */
  readonly only: string | undefined;
  /** Where results go; `undefined`: they are only printed. */
  readonly out: string | undefined;
  /** Where CPU profiles of our own processes go; `undefined`: none are taken. */
  readonly profile: string | undefined;
  /** Whether only the help is asked for. */
  readonly help: boolean;
}

/** The help, before the names of the measures. */
export const usage = `Measures rpc beside a raw echo and beside other systems

deno task bench [--quick] [--rounds <n>] [--only <measure>] [--soak <minutes>]
                [--out <directory>] [--profile <directory>]

  --quick    short rounds, one of each: whether all of it works, and no figures to trust
  --rounds   rounds of each measure, in turns (default: 5)
  --only     one measure alone
  --soak     minutes that the soak takes (default: 0.5)
  --out      where results go (default: bench/results; with --quick or --only nowhere)
  --profile  where CPU profiles of rpc's own processes go (default: none are taken)

Measures: `;

const defaultOut = fileURLToPath(new URL("results", import.meta.url));

/**
 * Reads the command line.
 *
 * @throws {TypeError} if there is an option that does not exist, or a number that is none
 */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      soak: { type: "string" },
      only: { type: "string" },
      out: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { quick, only, profile, help } = values;
  const isKept = only === undefined && !quick;
  return {
    only,
    // What a quick run or one measure alone found takes no whole run's place.
    out: values.out ?? (isKept ? defaultOut : undefined),
    profile,
    help,
    plan: {
      quick,
      rounds: positive("rounds", values.rounds) ?? (quick ? 1 : 5),
      soakMinutes: positive("soak", values.soak) ?? (quick ? 0.01 : 0.5),
      load: quick ? { warmupMs: 50, durationMs: 100 } : { warmupMs: 1_000, durationMs: 2_000 },
    },
  };
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (number > 0) return number;
  throw new TypeError(
    `Cannot use --${name} ${JSON.stringify(text)}: it must be a number above 0`,
  );
}
