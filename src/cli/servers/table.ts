import { addressOf } from "../../base/names/host_port.ts";
import { styleText } from "node:util";
import { plainLine } from "../../terminal/plain_text.ts";
import { timeText } from "../../terminal/time_text.ts";
import { displayWidth } from "../../terminal/width.ts";
import { Screen } from "../../terminal/screen.ts";
import { isOpen } from "../open.ts";
import type { ServerRow } from "../../library/survey/server_rows.ts";
import { formatTable } from "../../terminal/table.ts";

/** What stands above the table. */
interface TableTitle {
  readonly registry: string;
  readonly service: string;
  /** The registry cannot be reached, and the list is the last one known. */
  readonly isStale: boolean;
}

interface Column {
  readonly head: string;
  /** Where there is no room for all, those with the greatest number go first. */
  readonly dispensable: number;
  readonly cell: (row: ServerRow) => string;
}

const columnsOfTable: readonly Column[] = [
  { head: "address", dispensable: 0, cell: ({ instance }) => plainLine(addressOf(instance)) },
  { head: "state", dispensable: 0, cell: stateCell },
  { head: "calls/s", dispensable: 1, cell: ({ callsPerSecond }) => rate(callsPerSecond) },
  { head: "in flight", dispensable: 2, cell: ({ stats }) => String(stats?.inFlight ?? "-") },
  { head: "busy", dispensable: 3, cell: workersCell },
  { head: "p50/p99", dispensable: 4, cell: latencyCell },
  { head: "zone", dispensable: 5, cell: ({ instance }) => plainLine(instance.zone) || "-" },
  { head: "weight", dispensable: 6, cell: ({ instance }) => String(instance.weight) },
  {
    head: "up since",
    dispensable: 7,
    cell: ({ instance }) => timeText(instance.startedAtMs, "minutes"),
  },
  { head: "version", dispensable: 8, cell: ({ instance }) => plainLine(instance.version) || "-" },
  { head: "id", dispensable: 9, cell: ({ instance }) => plainLine(instance.id.slice(0, 8)) },
];

/** Servers on a terminal, drawn again at each change. */
export class ServersTable {
  readonly #screen = new Screen();

  draw(rows: readonly ServerRow[], title: TableTitle): void {
    this.#screen.draw(linesOf(rows, title, this.#screen.size.columns));
  }

  /** Gives the terminal back. */
  close(): void {
    this.#screen.close();
  }
}

/** The table's lines, with as many columns as there is room for. */
export function linesOf(
  rows: readonly ServerRow[],
  { registry, service, isStale }: TableTitle,
  width: number,
): string[] {
  const perSecond = rows.reduce((sum, row) => sum + (row.callsPerSecond ?? 0), 0);
  const count = rows.length === 1 ? "1 server" : `${rows.length} servers`;
  const head = `${styleText("bold", `${count} of ${service}`)}, ${rate(perSecond)} calls/s  ${
    styleText("dim", `${plainLine(registry)}  Ctrl-C ends`)
  }`;
  const notes = isStale
    ? [styleText("yellow", "The registry cannot be reached: this is the last list known")]
    : [];
  if (rows.length === 0) {
    return [head, ...notes, "", "None is registered; start one: rpc serve 127.0.0.1 0"];
  }
  return [head, ...notes, "", ...fittingTable(rows, width)];
}

function fittingTable(rows: readonly ServerRow[], width: number): string[] {
  let columns = columnsOfTable;
  while (true) {
    const table = formatTable(
      columns.map(({ head }) => head),
      rows.map((row) => columns.map(({ cell }) => cell(row))),
    ).split("\n");
    const most = Math.max(...columns.map(({ dispensable }) => dispensable));
    if (most === 0 || table.every((line) => displayWidth(line) <= width)) return table;
    columns = columns.filter(({ dispensable }) => dispensable < most);
  }
}

function stateCell({ state, instance }: ServerRow): string {
  switch (state) {
    case undefined:
      return "asking";
    case "ready":
      if (instance.drained) return styleText("yellow", "drained");
      return isOpen(instance)
        ? `${styleText("green", state)}, ${styleText("yellow", "open")}`
        : styleText("green", state);
    case "draining":
      return styleText("yellow", state);
    case "no answer":
      return styleText("red", state);
  }
}

function workersCell({ stats }: ServerRow): string {
  return stats === undefined ? "-" : `${stats.workers.busy}/${stats.workers.size}`;
}

/** Of the procedure that is called most: those of different ones say nothing together. */
function latencyCell({ stats, busiest }: ServerRow): string {
  const latency = busiest === undefined ? undefined : stats?.methods[busiest]?.latency;
  if (latency === undefined || latency === null) return "-";
  return `${plainLine(busiest ?? "")} ${short(latency.p50Ms)}/${short(latency.p99Ms)} ms`;
}

function short(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : String(Number(ms.toPrecision(2)));
}

function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "-";
  return perSecond >= 100 || perSecond === 0 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}
