import { addressOf } from "../../base/names/host_port.ts";
import type { ServerRow } from "../../library/survey/server_rows.ts";
import type { Key } from "../../terminal/keys.ts";

/** The sort orders of the table: each gives a row's number, greatest first, or its text. */
const sorts = {
  address: ({ instance }: ServerRow) => addressOf(instance),
  state: ({ state, instance }: ServerRow) => `${instance.drained ? "drained" : state}`,
  "calls/s": ({ callsPerSecond }: ServerRow) => -(callsPerSecond ?? -1),
  "in flight": ({ stats }: ServerRow) => -(stats?.inFlight ?? -1),
  p99: ({ stats, busiest = "" }: ServerRow) => -(stats?.methods[busiest]?.latency?.p99Ms ?? -1),
  weight: ({ instance }: ServerRow) => -instance.weight,
  "up since": ({ instance }: ServerRow) => instance.startedAtMs,
} as const;

/** A column to sort by. */
type Sort = keyof typeof sorts;

const sortNames = Object.keys(sorts) as Sort[];

/** How many rows Page Up and Page Down move. */
const pageRows = 10;

/** The view of a live table, controlled by keys. */
export class ServersView {
  sort: Sort = "address";
  isReversed = false;
  /** Only servers that contain this text are shown. */
  filter = "";
  /** Whether the filter is being typed. */
  isTyping = false;
  /** The id of the selected server. */
  selected: string | undefined;
  /** The id of the server whose methods are shown. */
  opened: string | undefined;
  #shown: readonly string[] = [];

  /** Takes a key. Returns `true` if it ends the table. */
  press(key: Key): boolean {
    if (this.isTyping) this.#type(key);
    else if (this.opened !== undefined) {
      if (key === "q" || key === "escape" || key === "enter" || key === "backspace") {
        this.opened = undefined;
      }
    } else return this.#command(key);
    return false;
  }

  /** The rows to show, in order. If the selected server is gone, the first one is selected. */
  arrange(rows: readonly ServerRow[]): readonly ServerRow[] {
    const wanted = this.filter.toLowerCase();
    const key = sorts[this.sort];
    const found = rows.filter((row) => textOf(row).toLowerCase().includes(wanted))
      .toSorted((one, other) => compare(key(one), key(other)));
    if (this.isReversed) found.reverse();
    this.#shown = found.map(({ instance }) => instance.id);
    if (this.selected === undefined || !this.#shown.includes(this.selected)) {
      this.selected = this.#shown[0];
    }
    return found;
  }

  #command(key: Key): boolean {
    switch (key) {
      case "q":
        return true;
      case "up":
      case "k":
        this.#move(-1);
        break;
      case "down":
      case "j":
        this.#move(1);
        break;
      case "page up":
        this.#move(-pageRows);
        break;
      case "page down":
        this.#move(pageRows);
        break;
      case "enter":
        this.opened = this.selected;
        break;
      case "s": {
        const next = (sortNames.indexOf(this.sort) + 1) % sortNames.length;
        this.sort = sortNames[next] ?? "address";
        break;
      }
      case "r":
        this.isReversed = !this.isReversed;
        break;
      case "/":
        this.isTyping = true;
        break;
      case "escape":
        this.filter = "";
        break;
    }
    return false;
  }

  #type(key: Key): void {
    if (key === "enter") this.isTyping = false;
    else if (key === "escape") {
      this.isTyping = false;
      this.filter = "";
    } else if (key === "backspace") this.filter = [...this.filter].slice(0, -1).join("");
    else if ([...key].length === 1) this.filter += key;
  }

  #move(by: number): void {
    const at = this.selected === undefined ? 0 : this.#shown.indexOf(this.selected);
    const to = Math.min(Math.max(0, at + by), this.#shown.length - 1);
    this.selected = this.#shown[to] ?? this.selected;
  }
}

function textOf({ instance, state, busiest }: ServerRow): string {
  const { id, zone, version, drained } = instance;
  return [addressOf(instance), id, zone, version, state, busiest, drained ? "drained" : ""]
    .join(" ");
}

function compare(one: string | number, other: string | number): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
