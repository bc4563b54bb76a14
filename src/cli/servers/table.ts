import { addressOf } from "../../base/names/host_port.ts";
import { stripVTControlCharacters, styleText } from "node:util";
import { counted } from "../../terminal/figure_text.ts";
import { plainLine } from "../../base/values/plain_text.ts";
import { timeText } from "../../terminal/time_text.ts";
import { fitted, padded } from "../../terminal/width.ts";
import { hasKeys, type Key, Keyboard } from "../../terminal/keys.ts";
import { Screen } from "../../terminal/screen.ts";
import { startText } from "../../discovery/discovery.ts";
import { isOpen } from "../open.ts";
import { shortIdOf } from "../pick_server.ts";
import { systemClock } from "../../base/clock.ts";
import { dateText, endsSoon } from "../../keys/expiry.ts";
import type { ServerRow } from "../../library/survey/server_rows.ts";
import { type TableColumn, tableLines } from "../../terminal/table.ts";
import { briefMs, methodsLines } from "./methods_lines.ts";
import { ServersView } from "./view.ts";

/** What the line above the table tells. */
interface TableTitle {
  readonly registry: string;
  readonly service: string;
  /** Whether the list is the last known one, since the registry cannot be reached. */
  readonly isStale: boolean;
}

const columnsOfTable: readonly TableColumn<ServerRow>[] = [
  {
    head: "address",
    cell: ({ instance }) => plainLine(addressOf(instance)),
    cutTo: 30,
  },
  { head: "state", cell: stateCell },
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
  { head: "id", dispensable: 9, cell: ({ instance }) => plainLine(shortIdOf(instance)) || "-" },
];

/** The help for the keys, if keys can be read. */
const keysText = "↑↓ Enter methods  s sort  r reverse  / filter  q ends";

/** The live table of servers on a terminal. */
export class ServersTable {
  readonly #screen: Screen;
  readonly #keyboard: Keyboard | undefined;
  readonly #view: ServersView | undefined;

  /** @param pressed called for each key; `isLast`: the key ends the table */
  constructor(pressed: (isLast: boolean, key: Key) => void) {
    if (hasKeys()) {
      const view = new ServersView();
      this.#view = view;
      this.#keyboard = new Keyboard((key) => pressed(view.press(key), key));
    }
    this.#screen = new Screen(undefined, this.#keyboard);
  }

  draw(rows: readonly ServerRow[], title: TableTitle): void {
    const { columns, rows: height } = this.#screen.size;
    this.#screen.draw(linesOf(rows, title, columns, this.#view, height));
  }

  /** Gives the terminal back. */
  close(): void {
    this.#screen.close();
    this.#keyboard?.close();
  }
}

/**
 * The table's lines, with as many columns as there is room for.
 *
 * @param view the choices made by keys, if keys can be read
 * @param height lines of the terminal
 */
export function linesOf(
  rows: readonly ServerRow[],
  { registry, service, isStale }: TableTitle,
  width: number,
  view?: ServersView,
  height = Infinity,
): string[] {
  const perSecond = rows.reduce((sum, row) => sum + (row.callsPerSecond ?? 0), 0);
  const count = counted(rows.length, "server");
  const head = `${styleText("bold", `${count} of ${service}`)}, ${rate(perSecond)} calls/s  ` +
    chosenText(view) +
    styleText("dim", `${plainLine(registry)}${view === undefined ? "  Ctrl-C ends" : ""}`);
  const notes = [
    ...(isStale
      ? [styleText("yellow", "The registry cannot be asked: this is the last list known")]
      : []),
    ...(view === undefined ? [] : [keysLine(view)]),
  ];
  if (view?.opened !== undefined) {
    const row = rows.find(({ instance }) => instance.id === view.opened);
    return [...methodsLines(row, width).slice(0, height - 2), "", styleText("dim", "q goes back")];
  }
  if (rows.length === 0) {
    return [head, ...notes, "", `None is registered; ${startText(registry, service)}`];
  }
  if (view === undefined) return [head, ...notes, "", ...tableLines(columnsOfTable, rows, width)];
  const shown = view.arrange(rows);
  if (shown.length === 0) return [head, ...notes, "", "None fits the filter; Esc ends it"];
  const [top = "", ...lines] = tableLines(columnsOfTable, shown, width);
  const at = shown.findIndex(({ instance }) => instance.id === view.selected);
  const marked = lines.map((line, i) => i === at ? marking(line, width) : line);
  const room = height - 3 - notes.length;
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), marked.length - room));
  return [head, ...notes, "", top, ...marked.slice(from, from + room)];
}

/** How the table is sorted and filtered, unless it is the default. */
function chosenText(view: ServersView | undefined): string {
  const { sort = "address", isReversed = false, filter = "" } = view ?? {};
  const chosen = [
    ...(sort === "address" && !isReversed ? [] : [`by ${sort}${isReversed ? " reversed" : ""}`]),
    ...(filter === "" ? [] : [`filter: ${plainLine(filter)}`]),
  ];
  return chosen.length === 0 ? "" : `${styleText("cyan", chosen.join("  "))}  `;
}

/** The help for the keys, or the filter that is being typed. */
function keysLine({ isTyping, filter }: ServersView): string {
  if (!isTyping) return styleText("dim", keysText);
  return `filter: ${plainLine(filter)}█  ${styleText("dim", "Enter takes it, Esc ends it")}`;
}

/** Marks the selected line. Its colours are removed, since they would end the mark. */
function marking(line: string, width: number): string {
  return styleText("inverse", padded(fitted(stripVTControlCharacters(line), width), width));
}

/** The server's state, and when its keys end if that is soon. */
function stateCell(row: ServerRow): string {
  const { validToMs } = row;
  if (validToMs === undefined || !endsSoon(validToMs, systemClock.wallTimeMs())) {
    return stateWord(row);
  }
  return `${stateWord(row)}, ${styleText("yellow", `keys end ${dateText(validToMs)}`)}`;
}

function stateWord({ state, instance }: ServerRow): string {
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
  if (stats === undefined) return "-";
  const { busy, size, up = size } = stats.workers;
  return `${busy}/${size}${up < size ? ` (${up} up)` : ""}`;
}

/** The latency of the procedure that is called most: a mix of several would mean nothing. */
function latencyCell({ stats, busiest }: ServerRow): string {
  const latency = busiest === undefined ? undefined : stats?.methods[busiest]?.latency;
  if (latency === undefined || latency === null) return "-";
  return `${plainLine(busiest ?? "")} ${briefMs(latency.p50Ms)}/${briefMs(latency.p99Ms)} ms`;
}

function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "-";
  return perSecond >= 100 || perSecond === 0 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}
