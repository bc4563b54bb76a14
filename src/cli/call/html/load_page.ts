import { percentagesOf } from "../../../base/percentages.ts";
import { legend, pageOf, section, table } from "../../../report/page.ts";
import {
  counted,
  milliseconds,
  perSecond,
  rounded,
  seconds,
} from "../../../terminal/figure_text.ts";
import { type CallSummary, percentiles, type SummaryFacts } from "../summary.ts";
import { latencyPlot, ratePlot, sharesPlot } from "./load_plots.ts";
import type { LoadRecord } from "./load_record.ts";

/** Most servers that are listed: those that answered most. */
const serversShownMax = 50;

/** The data of a page. */
interface LoadPageInput {
  readonly method: string;
  readonly summary: CallSummary;
  readonly record: LoadRecord;
  readonly facts: SummaryFacts;
}

/** The page about many calls. */
export function loadPageOf({ method, summary, record, facts }: LoadPageInput): string {
  return pageOf({
    title: `rpc call ${method}`,
    heading: `rpc call ${method}`,
    lead: leadOf(summary, facts),
    parts: [
      section("Calls a second", colours(record, summary.failed), ratePlot(record)),
      section(latencyHeading(facts.rate), latencyPlot(summary.latency)),
      latencyTable(summary),
      ...sharesOf(summary, record),
      section("Calls that failed", failureTable(summary)),
      section("Servers that came and went", eventTable(record)),
    ],
  });
}

function leadOf(summary: CallSummary, facts: SummaryFacts): string {
  const { elapsedMs, rate, isInterrupted, stats } = facts;
  const asked = rate === undefined ? "" : ` (${rate} asked for)`;
  return `${counted(summary.calls, "call")}, ` +
    `${counted(summary.failed, "error")}, ${seconds(elapsedMs)} s, ` +
    `${rounded(perSecond(summary.calls, elapsedMs))} calls/s${asked}, ` +
    `${counted(stats.retries, "retry")}, ${counted(stats.ejections, "ejection")}` +
    (isInterrupted ? ", interrupted." : ".");
}

function latencyHeading(rate: number | undefined): string {
  return rate === undefined ? "Latency" : "Latency, from when each call was due";
}

function colours(record: LoadRecord, failed: number): string {
  const own = record.servers.map((server) => [`s${record.colourOf(server) + 1}`, server] as const);
  const last = record.colourOf("") + 1;
  const isShared = record.columns.some(({ answered }) => (answered[last - 1] ?? 0) > 0);
  return legend([
    ...own,
    ...(isShared ? [[`s${last}`, "other servers"] as const] : []),
    ...(failed > 0 ? [["bad", "failed"] as const] : []),
  ]);
}

function latencyTable({ calls, latency }: CallSummary): string {
  if (calls === 0) return "";
  const rows = [
    ["fastest", latency.minMs] as const,
    ...percentiles.map((percent) => [`p${percent}`, latency.quantileMs(percent / 100)] as const),
    ["slowest", latency.maxMs] as const,
    ["average", latency.meanMs] as const,
  ];
  return table(["calls", "took"], rows.map(([name, ms]) => [name, milliseconds(ms)]), 1);
}

function sharesOf(summary: CallSummary, record: LoadRecord): string[] {
  const servers = [...summary.servers].toSorted(([, one], [, other]) => other - one);
  if (servers.length === 0) return [];
  const answered = servers.reduce((sum, [, calls]) => sum + calls, 0);
  const percentages = percentagesOf(servers.map(([, calls]) => calls / answered));
  const shares = servers.map(([server, calls], i) => ({
    server,
    calls,
    percent: percentages[i] ?? 0,
  }));
  const more = shares.length - serversShownMax;
  return [
    section(
      "Calls by server",
      sharesPlot(shares.slice(0, serversShownMax), (server) => record.colourOf(server)),
      more > 0 ? `<p class="quiet">and ${more} more</p>` : "",
    ),
  ];
}

function failureTable({ errors }: CallSummary): string {
  if (errors.size === 0) return "";
  return table(
    ["error", "the first", "calls"],
    [...errors].map(([name, { count, message }]) => [name, message, String(count)]),
    2,
  );
}

function eventTable({ events, eventsLeftOut }: LoadRecord): string {
  if (events.length === 0) return "";
  const rows = events.map(({ atMs, server, change }) => [
    `${(atMs / 1_000).toFixed(2)} s`,
    server,
    change,
  ]);
  const more = eventsLeftOut === 0 ? [] : [["", `and ${eventsLeftOut} more`, ""]];
  return table(["at", "server", "change"], [...rows, ...more], 3);
}
