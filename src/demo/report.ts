import { escaped, legend, pageOf, section, table, tableOf } from "../report/page.ts";
import { answersOf, type ScenarioFigures } from "./figures.ts";
import { latencyPlot, sharePlot, throughputPlot } from "./plots.ts";
import { type DemoRecord, scenarioTitles } from "./record.ts";
import { lastLine } from "./summary.ts";
import type { MachineFacts, Verdict } from "./verdict.ts";

/** All that a report tells of. */
interface ReportInput {
  readonly record: DemoRecord;
  readonly figures: readonly ScenarioFigures[];
  readonly verdicts: readonly Verdict[];
  readonly machine: MachineFacts;
}

/** The page. */
export function reportOf({ record, figures, verdicts, machine }: ReportInput): string {
  const { load: others = 0 } = machine;
  const load = others > 0 ? `, ${others.toFixed(1)} other processes at work` : "";
  return pageOf({
    title: "rpc demo: five scenarios",
    heading: "Five scenarios",
    lead: `${lastLine(record, verdicts)} This machine: ${machine.cores} cores${load}. ` +
      "Servers have one worker each. Compare scenarios with each other, not with another machine's.",
    parts: [
      scenarioTable(figures),
      section("Calls a second", serverLegend(record), throughputPlot(record)),
      section("Share of each server", sharePlot(figures)),
      section("Latency of each procedure", latencyLegend, latencyPlot(figures)),
      section("What was expected of each", verdictTable(verdicts)),
      section("What each server answered", answerTable(record)),
      section("Time line", eventTable(record)),
    ],
  });
}

const latencyLegend = legend([["s1", "median"], ["s2", "p99"]]);

function scenarioTable(figures: readonly ScenarioFigures[]): string {
  return table(
    ["no.", "scenario", "calls/s", "fib p50 ms", "fib p99 ms", "calls", "errors"],
    figures.map(({ scenario, perSecond, latency, calls, errors }) => [
      String(scenario),
      scenarioTitles[scenario - 1] ?? "",
      perSecond.toFixed(1),
      latency.fib.p50Ms.toFixed(1),
      latency.fib.p99Ms.toFixed(1),
      String(calls),
      String(errors),
    ]),
    2,
  );
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const words = { met: "✓", short: "fell short", unjudged: "no verdict" };
  const rows = verdicts.map(({ scenario, outcome, text }) =>
    `<tr><td>${scenario}<td class="${outcome}">${words[outcome]}<td>${escaped(text)}`
  );
  return tableOf(rows.join("\n"));
}

function answerTable(record: DemoRecord): string {
  return table(
    ["server", "address", "ping", "pi", "fib"],
    answersOf(record).map(({ server, calls }) => [
      `${server.number}`,
      `${server.address ?? "-"}${server.lostAtMs === undefined ? "" : ` (${server.state})`}`,
      String(calls.ping),
      String(calls.pi),
      String(calls.fib),
    ]),
    2,
  );
}

function eventTable(record: DemoRecord): string {
  return table(
    ["second", "what happened"],
    record.events.map(({ atMs, text }) => [(atMs / 1_000).toFixed(2), text]),
    2,
  );
}

function serverLegend(record: DemoRecord): string {
  return legend(record.servers.map(({ number }) => [`s${number}`, `server ${number}`]));
}
