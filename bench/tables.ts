/**
 * Prints what `deno task bench` has kept as the two tables of docs/PERFORMANCE.md, for `deno fmt`
 * to align:
 *
 *     deno run --allow-read --config deno.json bench/tables.ts [bench/results/latest.json]
 */

import process from "node:process";
import { spreadText } from "./report.ts";
import { judge, type MeasureResult, spreadOf, type Verdict } from "./result.ts";

const peers = ["rpc", "tarpc", "grpc-go", "Kitex", "NATS", "Go net/rpc", "raw echo"];

/** A row of the first table: a measure, and what its series are called beside the system's name. */
type Row = readonly [title: string, measure: string, suffix?: string];

const rows: readonly Row[] = [
  ["1 × 64, calls/s", "ping_one_connection"],
  ["32 × 8, calls/s", "ping_many_connections"],
  ["one at a time, ms", "ping_latency"],
  ["CPU a call, client, µs", "ping_cpu", ": client"],
  ["the same, server", "ping_cpu", ": server"],
  ["10 kB through a worker, MB/s", "payload_10k"],
  ["100 kB, MB/s", "payload_100k"],
  ["4 MiB, MB/s", "payload_4m"],
  ["idle server, MiB", "memory"],
  ["a connection, KiB", "memory", ": a connection"],
  ["one call as a process, ms", "startup"],
  ["1 of 4 killed: failed calls", "kill_failures"],
  ["its slowest call, ms", "kill_failures", ": slowest call"],
];

/** Some measures call ours by what it does. */
const ours: Readonly<Record<string, string>> = { startup: "rpc call ping" };

const file = process.argv[2] ?? new URL("results/latest.json", import.meta.url);
const { measures }: { measures: readonly MeasureResult[] } = JSON.parse(
  await Deno.readTextFile(file),
);

printRow(["measure", ...peers]);
printRow(Array(peers.length + 1).fill("---"));
for (const [title, measure, suffix = ""] of rows) {
  printRow([title, ...peers.map((peer) => figure(measure, peer, suffix))]);
}
console.log();
printRow(["measure", "target", "measured", ""]);
printRow(Array(4).fill("---"));
for (const result of measures) {
  for (const verdict of judge(result)) printRow(verdictRow(result.name, verdict));
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

function figure(measure: string, peer: string, suffix: string): string {
  const name = (peer === "rpc" ? ours[measure] : undefined) ?? peer;
  const spread = spreadOf(
    measures.find((result) => result.name === measure)?.series
      .find((series) => series.name === name + suffix)?.values ?? [],
  );
  return spread === undefined ? "–" : spreadText(spread);
}

function verdictRow(measure: string, { of, is, bound, times, value, met }: Verdict): string[] {
  const sign = is === "at least" ? "≥" : "≤";
  const target = `${of} ${sign} ${bound}${times === undefined ? "" : ` x ${times}`}`;
  return [
    `\`${measure}\``,
    target,
    value === undefined ? "–" : spreadText(value),
    met === undefined ? "not judged" : met ? "met" : "missed",
  ];
}
