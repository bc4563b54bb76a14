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
}

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
    },
  });
  const { quick, only, profile } = values;
  const isKept = only === undefined && !quick;
  return {
    only,
    // What a quick run or one measure alone found takes no whole run's place.
    out: values.out ?? (isKept ? defaultOut : undefined),
    profile,
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
