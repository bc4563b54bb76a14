import { messageOf } from "../base/errors.ts";
import { CommandError } from "../base/command_error.ts";
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

/**
 * Writes the report as one page that needs nothing beside itself.
 *
 * @throws {CommandError} the file cannot be written
 */
export function writeReport(path: string, input: ReportInput): void {
  write(path, reportOf(input), false);
}

/**
 * Finds out before a long demo whether its report can be written; leaves an older one as it is.
 *
 * @throws {CommandError} it cannot
 */
export function assertWritable(path: string): void {
  write(path, "", true);
}

function write(path: string, text: string, append: boolean): void {
  try {
    Deno.writeTextFileSync(path, text, { append });
  } catch (error) {
    throw new CommandError(`Cannot write the report ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const style = `
:root { --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --page: #fff; --good: #1a7f37; --bad: #cf222e;
  --s1: #0969da; --s2: #bf8700; --s3: #1a7f37; --s4: #8250df }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d;
  --page: #0d1117; --good: #3fb950; --bad: #f85149; --s1: #4493f8; --s2: #d29922; --s3: #3fb950; --s4: #ab7df8 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p.quiet { color: var(--quiet); margin-top: 0 }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--quiet) } td.n, th.n { text-align: right } td.n { white-space: nowrap }
.met { color: var(--good) } .short { color: var(--bad); font-weight: 600 } .unjudged { color: var(--quiet) }
svg { width: 100%; height: auto; display: block } svg text { font: 12px system-ui, sans-serif; fill: var(--ink) }
svg .quiet { fill: var(--quiet) } svg .axis { stroke: var(--line) } svg .event { stroke-dasharray: 3 3; stroke-width: 1.2 }
svg .join { stroke: var(--good) } svg .loss { stroke: var(--bad) } svg text.join { fill: var(--good); stroke: none }
svg text.loss { fill: var(--bad); stroke: none } svg text.on { fill: #fff }
.s1 { fill: var(--s1) } .s2 { fill: var(--s2) } .s3 { fill: var(--s3) } .s4 { fill: var(--s4) }
svg .range { stroke: var(--quiet); stroke-width: 2 } .legend { color: var(--quiet) }
.legend i { display: inline-block; width: .8rem; height: .8rem; margin: 0 .3rem 0 1rem; border-radius: 2px }
`;

/** The page. */
export function reportOf({ record, figures, verdicts, machine }: ReportInput): string {
  const { load: others = 0 } = machine;
  const load = others > 0 ? `, ${others.toFixed(1)} other processes at work` : "";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>rpc demo: five scenarios</title>
<style>${style}</style>
<h1>Five scenarios</h1>
<p class="quiet">${escaped(lastLine(record, verdicts))} This machine: ${machine.cores} cores${load}.
Servers have one worker each. Compare scenarios with each other, not with another machine's.</p>
${scenarioTable(figures)}
<h2>Calls a second</h2>
${legend(record)}
${throughputPlot(record)}
<h2>Share of each server</h2>
${sharePlot(figures)}
<h2>Latency of each procedure: median, and the slowest of a hundred</h2>
${latencyPlot(figures)}
<h2>What was expected of each</h2>
${verdictTable(verdicts)}
<h2>What each server answered</h2>
${answerTable(record)}
<h2>Time line</h2>
${eventTable(record)}
</html>
`;
}

function scenarioTable(figures: readonly ScenarioFigures[]): string {
  return table(
    ["", "scenario", "calls/s", "fib p50", "fib p99", "calls", "errors"],
    figures.map(({ scenario, perSecond, latency, calls, errors }) => [
      String(scenario),
      scenarioTitles[scenario - 1] ?? "",
      perSecond.toFixed(1),
      `${latency.fib.p50Ms.toFixed(1)} ms`,
      `${latency.fib.p99Ms.toFixed(1)} ms`,
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
  return `<table>${rows.join("\n")}</table>`;
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
    ["second", ""],
    record.events.map(({ atMs, text }) => [(atMs / 1_000).toFixed(2), text]),
    2,
  );
}

/** @param numbersFrom the first column that holds numbers */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  numbersFrom: number,
): string {
  const attribute = (column: number) => column >= numbersFrom ? ' class="n"' : "";
  const headRow = head.map((text, i) => `<th${attribute(i)}>${escaped(text)}`).join("");
  const bodyRows = rows.map((row) =>
    `<tr>${row.map((text, i) => `<td${attribute(i)}>${escaped(text)}`).join("")}`
  );
  return `<table><tr>${headRow}\n${bodyRows.join("\n")}</table>`;
}

function legend(record: DemoRecord): string {
  const servers = record.servers.map(({ number }) =>
    `<i style="background: var(--s${number})"></i>server ${number}`
  );
  return `<p class="legend">${servers.join("")}</p>`;
}

/** Text as HTML shows it. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
