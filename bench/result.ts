/** What measures return, and the little arithmetic that judges it. */

/** What is measured of one system, or under one condition. */
export interface Series {
  readonly name: string;
  /** @default the measure's */
  readonly unit?: string;
  /** One a round. Values of the same index were taken right after each other. */
  readonly values: readonly number[];
  /** Why there are no values. */
  readonly absent?: string;
  /** What a reader has to know to judge them. */
  readonly note?: string;
}

/** What a series shall reach. */
export interface Target {
  /** The series it is of. */
  readonly of: string;
  readonly is: "at least" | "at most";
  /** Times {@link Target.times}, or in the measure's unit if that is absent. */
  readonly bound: number;
  /** The series that it is compared with. */
  readonly times?: string;
}

/** What one measure found. */
export interface MeasureResult {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly better: "more" | "less";
  /** The series that the others are shown as multiples of. */
  readonly reference?: string;
  readonly series: readonly Series[];
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
}

/** Several figures in one. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A target, and whether it is met; `undefined`: it could not be told, for the reason in `why`. */
export interface Verdict extends Target {
  readonly value: Spread | undefined;
  readonly met: boolean | undefined;
  readonly why?: string;
}

/** The median and the ends; `undefined` of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (at(sorted, Math.ceil(middle) - 1) + at(sorted, Math.floor(middle))) / 2;
  return { median, min: at(sorted, 0), max: at(sorted, sorted.length - 1) };
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}

/** Ratios round by round: what slows the machine for a while then slows both sides of a ratio. */
export function ratios(series: Series, reference: Series): number[] {
  return series.values.flatMap((value, index) => {
    const other = reference.values[index];
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

/** The series of that name. */
export function seriesOf(result: MeasureResult, name: string): Series {
  const found = result.series.find((series) => series.name === name);
  if (found === undefined) {
    throw new Error(`${result.name} has no series ${name}`);
  }
  return found;
}

/** Compares a measure's figures with its targets. */
export function judge(result: MeasureResult): Verdict[] {
  return result.targets.map((target) => {
    const subject = seriesOf(result, target.of);
    const other = target.times === undefined ? undefined : seriesOf(result, target.times);
    const value = spreadOf(
      other === undefined ? subject.values : ratios(subject, other),
    );
    if (value === undefined) {
      const why = subject.absent ?? other?.absent ?? "nothing was measured";
      return { ...target, value, met: undefined, why };
    }
    const met = target.is === "at least"
      ? value.median >= target.bound
      : value.median <= target.bound;
    return { ...target, value, met };
  });
}
