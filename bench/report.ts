import { columnLines } from "../src/terminal/table.ts";
import {
  judge,
  type MeasureResult,
  ratios,
  type Series,
  seriesOf,
  type Spread,
  spreadOf,
  type Verdict,
} from "./result.ts";

/** A measure as a table of medians and spreads, its targets, and its notes. */
export function reportOf(result: MeasureResult): string {
  const { reference } = result;
  const head = ["", `median (min..max)`];
  if (reference !== undefined) head.push(`times ${reference}`);
  return [
    `\n${result.title}`,
    ...columnLines([head, ...result.series.map((series) => rowOf(result, series))]),
    ...judge(result).map(verdictText),
    ...notesOf(result).map((note) => `  ${note}`),
  ].join("\n");
}

function rowOf(result: MeasureResult, series: Series): string[] {
  const unit = series.unit ?? result.unit;
  const spread = spreadOf(series.values);
  if (spread === undefined) {
    return [series.name, `none: ${oneLine(series.absent ?? "")}`];
  }
  const row = [series.name, `${spreadText(spread)} ${unit}`];
  if (result.reference === undefined) return row;
  const multiple = spreadOf(ratios(series, seriesOf(result, result.reference)));
  return [...row, multiple === undefined ? "" : spreadText(multiple)];
}

/** A target as a sentence: what it is, what was found, and whether that will do. */
export function verdictText(verdict: Verdict): string {
  const { of, is, bound, times, value, met, why } = verdict;
  const target = `${of}: ${is} ${bound}${times === undefined ? "" : ` x ${times}`}`;
  if (value === undefined) {
    return `  UNKNOWN  ${target} (${oneLine(why ?? "")})`;
  }
  return `  ${met ? "met     " : "MISSED  "} ${target}, measured ${spreadText(value)}`;
}

function notesOf({ notes, series }: MeasureResult): string[] {
  const own = series.flatMap(({ name, note }) => note === undefined ? [] : [`${name}: ${note}.`]);
  return [...own, ...notes.map((note) => `${note}.`)];
}

/** The median, with the least and the greatest. */
export function spreadText({ median, min, max }: Spread): string {
  return `${numberText(median)} (${numberText(min)}..${numberText(max)})`;
}

/** Three significant digits. */
export function numberText(value: number): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(value) >= 100) return rounded.toLocaleString("en");
  return Math.abs(value) < 0.001 ? value.toExponential(1) : value.toPrecision(3);
}

function oneLine(text: string): string {
  const [first = ""] = text.split("\n");
  return first.length > 100 ? `${first.slice(0, 99)}…` : first;
}
