import type { MeasureResult, Series } from "../result.ts";
import type { Load, LoadResult, System } from "../systems/system.ts";

/** How thoroughly to measure. */
export interface Plan {
  /** A short look whether everything works; its figures mean nothing. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Length of the soak, in minutes. */
  readonly soakMinutes: number;
  /** Warm-up and duration of each load. */
  readonly load: Pick<Load, "warmupMs" | "durationMs">;
}

/** One thing that is measured. */
export interface Measure {
  readonly name: string;
  run(plan: Plan): Promise<MeasureResult>;
}

/** A system to take figures of, and how. */
export interface Contender {
  readonly name: string;
  start(): Promise<Runner>;
}

/** Takes one figure. */
export interface Runner extends AsyncDisposable {
  readonly note?: string;
  figure(): Promise<number>;
}

/**
 * Takes figures round by round, A B C A B C ...; each contender's server runs from the first round
 * to the last. One that cannot be run, or fails, is absent, and the reason is kept.
 */
export async function inTurns(
  rounds: number,
  contenders: readonly Contender[],
): Promise<Series[]> {
  await using running = new AsyncDisposableStack();
  const series: {
    name: string;
    note?: string;
    values: number[];
    absent?: string;
  }[] = [];
  const runners: (Runner | undefined)[] = [];
  for (const contender of contenders) {
    const one: typeof series[number] = { name: contender.name, values: [] };
    series.push(one);
    try {
      const runner = running.use(await contender.start());
      runners.push(runner);
      if (runner.note !== undefined) one.note = runner.note;
    } catch (error) {
      runners.push(undefined);
      one.absent = messageOf(error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, one] of series.entries()) {
      const runner = runners[index];
      if (runner === undefined || one.absent !== undefined) continue;
      try {
        one.values.push(await runner.figure());
      } catch (error) {
        one.values = [];
        one.absent = messageOf(error);
      }
    }
  }
  return series;
}

/** A system under a load, of whose result one figure is kept. */
export function underLoad(
  system: System,
  load: Load,
  figure: (result: LoadResult) => number,
): Contender {
  return {
    name: system.name,
    async start() {
      const running = await system.start();
      return {
        note: running.note,
        figure: async () => figure(await running.load(load)),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      };
    },
  };
}

/** Calls a second. */
export function rateOf({ calls, seconds }: LoadResult): number {
  return calls / seconds;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
