import { styleText } from "node:util";
import { answersOf, type ScenarioFigures } from "./figures.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";
import type { Verdict } from "./verdict.ts";
import { wrapped } from "../terminal/width.ts";
import { formatTable } from "../terminal/table.ts";

/**
 * What a demo came to, for people: scenarios beside each other, what each was to show, who
 * answered.
 *
 * @param columns where long lines are broken. Default never
 */
export function summaryOf(
  record: DemoRecord,
  figures: readonly ScenarioFigures[],
  verdicts: readonly Verdict[],
  columns = Infinity,
): string {
  const scenarios = formatTable(
    ["", "scenario", "calls/s", "fib p50", "fib p99", "errors", "share of servers"],
    figures.map(({ scenario, perSecond, latency, errors, servers }) => [
      String(scenario),
      scenarioTitles[scenario - 1] ?? "",
      perSecond.toFixed(1),
      milliseconds(latency.fib.p50Ms),
      milliseconds(latency.fib.p99Ms),
      String(errors),
      servers.map(({ share }) => `${(100 * share).toFixed(0)}%`).join(" "),
    ]),
  );
  const answers = formatTable(
    ["server", "address", "ping", "pi", "fib", ""],
    answersOf(record).map(({ server, calls }) => [
      String(server.number),
      server.address ?? "-",
      String(calls.ping),
      String(calls.pi),
      String(calls.fib),
      server.state === "killed" || server.state === "died" ? server.state : "",
    ]),
  );
  return [
    scenarios,
    "",
    "What was expected of each",
    ...verdicts.map((verdict) => `  ${wrapped(verdictLine(verdict), columns - 2, 6)}`),
    "",
    "What each server answered",
    answers,
    "",
    lastLine(record, verdicts),
  ].join("\n");
}

/** A verdict as a line, with its sign. */
function verdictLine({ scenario, outcome, text }: Verdict): string {
  const sign = {
    met: styleText("green", "✓"),
    short: styleText("red", "✗ fell short:"),
    unjudged: styleText("yellow", "–"),
  }[outcome];
  return `${scenario} ${sign} ${text}`;
}

/** Whether all went as expected, in one sentence. */
export function lastLine(record: DemoRecord, verdicts: readonly Verdict[]): string {
  const short = verdicts.filter(({ outcome }) => outcome === "short").length;
  const seconds = (record.nowMs / 1_000).toFixed(1);
  if (short === 0) {
    return `All five scenarios did what was expected of them: ${record.calls.length} calls in ${seconds} s.`;
  }
  const scenarios = [
    ...new Set(
      verdicts.filter(({ outcome }) => outcome === "short").map(({ scenario }) => scenario),
    ),
  ];
  return `Fell short in scenario ${scenarios.join(", ")}: see ✗ above.`;
}

function milliseconds(ms: number): string {
  return ms === 0 ? "-" : `${ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)} ms`;
}
