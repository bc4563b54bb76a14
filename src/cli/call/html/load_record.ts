import type { CallReport } from "../../../client/call_report.ts";
import type { ServerChange } from "../../../client/endpoints/endpoint_types.ts";

/** Columns of time that are kept; past them each is made as long as two were. */
const columnsMax = 240;

/** The time of a column at first: a shorter one holds too few calls to say anything. */
const columnMsAtFirst = 100;

/** Servers that have a colour of their own; all that answer later share the last one. */
const coloursMax = 9;

/** Servers that come and go that are told; there may be thousands, again and again. */
const eventsMax = 200;

/** A moment at which a server came or went. */
interface ServerEvent {
  readonly atMs: number;
  readonly server: string;
  readonly change: ServerChange;
}

/** How many calls ended in a stretch of time. */
interface LoadColumn {
  /** Calls that succeeded, by their server's colour, from 0. */
  readonly answered: number[];
  failed: number;
}

/** What happened when in many calls, in constant memory. */
export class LoadRecord {
  readonly events: ServerEvent[] = [];
  readonly #now: () => number;
  readonly #startedAtMs: number;
  readonly #colours = new Map<string, number>();
  #columns: LoadColumn[] = [];
  #columnMs = columnMsAtFirst;
  #eventsLeftOut = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** Milliseconds since it began. */
  get elapsedMs(): number {
    return this.#now() - this.#startedAtMs;
  }

  get columns(): readonly LoadColumn[] {
    return this.#columns;
  }

  get columnMs(): number {
    return this.#columnMs;
  }

  /** Servers in the order of their first answers, as far as they have colours of their own. */
  get servers(): readonly string[] {
    return [...this.#colours.keys()];
  }

  /** Changes of servers past those that are kept. */
  get eventsLeftOut(): number {
    return this.#eventsLeftOut;
  }

  /** The number of a server's colour, from 0. */
  colourOf(server: string): number {
    return this.#colours.get(server) ?? coloursMax - 1;
  }

  /** Takes in a call that has just ended. */
  add({ error, server = "" }: CallReport): void {
    const column = this.#columnNow();
    if (error !== undefined) {
      column.failed++;
      return;
    }
    if (this.#colours.size < coloursMax - 1 && !this.#colours.has(server)) {
      this.#colours.set(server, this.#colours.size);
    }
    const colour = this.colourOf(server);
    column.answered[colour] = (column.answered[colour] ?? 0) + 1;
  }

  /** A server has come or gone just now. */
  changed(server: string, change: ServerChange): void {
    if (this.events.length === eventsMax) this.#eventsLeftOut++;
    else this.events.push({ atMs: this.elapsedMs, server, change });
  }

  #columnNow(): LoadColumn {
    const atMs = this.elapsedMs;
    while (atMs >= columnsMax * this.#columnMs) this.#halve();
    const index = Math.floor(atMs / this.#columnMs);
    while (this.#columns.length <= index) this.#columns.push({ answered: [], failed: 0 });
    return this.#columns[index] as LoadColumn;
  }

  /** Two columns become one. */
  #halve(): void {
    const halved: LoadColumn[] = [];
    for (const [i, { answered, failed }] of this.#columns.entries()) {
      const sum = halved[i >> 1] ??= { answered: [], failed: 0 };
      sum.failed += failed;
      answered.forEach((calls, colour) => {
        sum.answered[colour] = (sum.answered[colour] ?? 0) + calls;
      });
    }
    this.#columns = halved;
    this.#columnMs *= 2;
  }
}
