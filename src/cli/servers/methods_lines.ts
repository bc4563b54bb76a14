import { styleText } from "node:util";
import { addressOf } from "../../base/names/host_port.ts";
import type { ServerRow } from "../../library/survey/server_rows.ts";
import type { Stats } from "../../wire/reports/stats.ts";
import { plainLine, toldText } from "../../base/values/plain_text.ts";
import { type TableColumn, tableLines } from "../../terminal/table.ts";

/** The methods of one server, with the counters since it started. */
export function methodsLines(row: ServerRow | undefined, width: number): string[] {
  if (row === undefined) return ["The server has gone"];
  const { instance, stats, problem } = row;
  const names = new Set([...instance.methods, ...Object.keys(stats?.methods ?? {})]);
  const head = `${styleText("bold", plainLine(addressOf(instance)))}  ${
    styleText("dim", plainLine(instance.id))
  }`;
  if (names.size === 0) {
    return [
      head,
      "",
      problem === undefined ? "It does not tell its methods" : plainLine(toldText(problem)),
    ];
  }
  const rows = [...names].sort().map((name) => ({ name, ...stats?.methods[name] }));
  return [head, "", ...tableLines<MethodRow>(columns, rows, width)];
}

/** A method's name and counters. */
type MethodRow = { readonly name: string } & Partial<Stats["methods"][string]>;

const columns: readonly TableColumn<MethodRow>[] = [
  { head: "method", cell: ({ name }) => plainLine(name), cutTo: 16 },
  { head: "calls", cell: ({ calls }) => calls === undefined ? "-" : String(calls) },
  { head: "errors", cell: ({ errors }) => errorsText(errors ?? {}), cutTo: 8 },
  { head: "p50", cell: ({ latency }) => latency ? `${briefMs(latency.p50Ms)} ms` : "-" },
  { head: "p99", cell: ({ latency }) => latency ? `${briefMs(latency.p99Ms)} ms` : "-" },
];

function errorsText(errors: Readonly<Record<string, number>>): string {
  const some = Object.entries(errors).map(([name, count]) => `${count} ${plainLine(name)}`);
  return some.join(", ") || "0";
}

/** Milliseconds to two significant digits, or to whole ones. */
export function briefMs(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : String(Number(ms.toPrecision(2)));
}
