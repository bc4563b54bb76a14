import { answersOf, type ScenarioFigures } from "./figures.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";
import type { Verdict } from "./verdict.ts";
import { painted } from "../terminal/stdout.ts";
import { ellipsized, wrapped } from "../terminal/width.ts";
import { tableLines } from "../terminal/table.ts";

/**
 * The outcome of a demo for people: which server answered how many calls, a line for each scenario
 * with its outcome, and last a comparison of the scenarios.
 *
 * @param columns the length of the longest line. @default no bound
 */
export function summaryOf(
  record: DemoRecord,
  figures: readonly ScenarioFigures[],
  verdicts: readonly Verdict[],
  columns = Infinity,
): string {
  return [
    ...answerLines(record, columns),
    "",
    ...scenarioTitles.flatMap((_, i) => verdictLines(i + 1, verdicts, columns)),
    "",
    ...scenarioLines(figures, columns),
    "",
    wrapped(lastLine(record, verdicts), columns, 0),
  ].join("\n");
}

function answerLines(record: DemoRecord, columns: number): string[] {
  return tableLines<ReturnType<typeof answersOf>[number]>(
    [
      { head: "server", cell: ({ server }) => String(server.number) },
      { head: "address", cell: ({ server }) => server.address ?? "-" },
      { head: "ping", cell: ({ calls }) => String(calls.ping) },
      { head: "pi", cell: ({ calls }) => String(calls.pi) },
      { head: "fib", cell: ({ calls }) => String(calls.fib) },
      {
        head: "",
        cell: ({ server: { state } }) => state === "killed" || state === "died" ? state : "",
      },
    ],
    answersOf(record),
    columns,
  );
}

function scenarioLines(figures: readonly ScenarioFigures[], columns: number): string[] {
  return tableLines<ScenarioFigures>(
    [
      { head: "", cell: ({ scenario }) => String(scenario) },
      { head: "scenario", cell: ({ scenario }) => scenarioTitles[scenario - 1] ?? "", cutTo: 16 },
      { head: "calls/s", cell: ({ perSecond }) => perSecond.toFixed(1) },
      { head: "fib p50", cell: ({ latency }) => milliseconds(latency.fib.p50Ms), dispensable: 1 },
      { head: "fib p99", cell: ({ latency }) => milliseconds(latency.fib.p99Ms) },
      { head: "errors", cell: ({ errors }) => String(errors) },
      {
        head: "share in %",
        cell: ({ servers }) => servers.map(({ percent }) => percent).join(" "),
      },
    ],
    figures,
    columns,
  );
}

/**
 * One line for a scenario that met what was expected, or one for each expectation that it missed.
 */
function verdictLines(scenario: number, verdicts: readonly Verdict[], columns: number): string[] {
  const own = verdicts.filter((verdict) => verdict.scenario === scenario);
  const short = own.filter(({ outcome }) => outcome === "short");
  const briefs = own.filter(({ outcome, brief }) => outcome !== "short" && brief !== "")
    .map(({ brief }) => brief).join(", ");
  if (short.length === 0) {
    const isJudged = own.every(({ outcome }) => outcome === "met");
    const sign = painted(isJudged ? "green" : "yellow", "✓");
    return [ellipsized(`${scenario} ${sign} ${briefs}`, columns)];
  }
  const sign = painted("red", "✗ fell short:");
  return short.map(({ text }) => wrapped(`${scenario} ${sign} ${text}`, columns, 4));
}

/** Whether all went as expected, in one sentence. */
export function lastLine(record: DemoRecord, verdicts: readonly Verdict[]): string {
  const short = verdicts.filter(({ outcome }) => outcome === "short").map(({ scenario }) =>
    scenario
  );
  const seconds = (record.nowMs / 1_000).toFixed(1);
  if (short.length === 0) {
    return `All five scenarios did what was expected of them: ${record.calls.length} calls in ${seconds} s.`;
  }
  return `Fell short in scenario ${[...new Set(short)].join(", ")}: see ✗ above.`;
}

function milliseconds(ms: number): string {
  return ms === 0 ? "-" : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
}
