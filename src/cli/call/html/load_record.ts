import type { CallReport } from "../../../client/call_report.ts";
import type { ServerChange } from "../../../client/endpoints/endpoint_types.ts";

/** Most columns of time. When they are full, pairs of columns are merged. */
const columnsMax = 240;

/** The time of a column at first: in a shorter one there would be too few calls. */
const columnMsAtFirst = 100;

/** Servers with a colour of their own; all that answer later share the last colour. */
const coloursMax = 9;

/** Most changes of servers that are recorded: there may be thousands. */
const eventsMax = 200;

/** A moment at which a server came or went. */
interface ServerEvent {
  readonly atMs: number;
  readonly server: string;
  readonly change: ServerChange;
}

/** How many calls ended in a stretch of time. */
interface LoadColumn {
  /** Successful calls by the colour of their server, from 0. */
  readonly answered: number[];
  failed: number;
}

/** A column with its time. */
interface LoadStretch extends Readonly<LoadColumn> {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Records many calls over time, in constant memory. */
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

  /**
   * The columns up to now, with their times. A last one of less than half its time is a part of the
   * one before: the rate in a millisecond is chance, and would be the highest of all.
   */
  get stretches(): readonly LoadStretch[] {
    const endMs = Math.max(1, this.elapsedMs);
    const stretches = this.#columns.map((column, i) => ({
      ...column,
      fromMs: i * this.#columnMs,
      toMs: Math.min((i + 1) * this.#columnMs, endMs),
    }));
    const last = stretches.at(-1);
    const before = stretches.at(-2);
    if (last === undefined || before === undefined) return stretches;
    if (last.toMs - last.fromMs >= this.#columnMs / 2) return stretches;
    const whole = { answered: [...before.answered], failed: before.failed };
    addTo(whole, last);
    return [...stretches.slice(0, -2), { ...whole, fromMs: before.fromMs, toMs: last.toMs }];
  }

  /** Servers with a colour of their own, in the order of their first answers. */
  get servers(): readonly string[] {
    return [...this.#colours.keys()];
  }

  /** Number of changes that were not recorded. */
  get eventsLeftOut(): number {
    return this.#eventsLeftOut;
  }

  /** The number of a server's colour, from 0. */
  colourOf(server: string): number {
    return this.#colours.get(server) ?? coloursMax - 1;
  }

  /** Records a call that has just ended. */
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
    for (const [i, column] of this.#columns.entries()) {
      addTo(halved[i >> 1] ??= { answered: [], failed: 0 }, column);
    }
    this.#columns = halved;
    this.#columnMs *= 2;
  }
}

function addTo(sum: LoadColumn, { answered, failed }: Readonly<LoadColumn>): void {
  sum.failed += failed;
  answered.forEach((calls, colour) => {
    sum.answered[colour] = (sum.answered[colour] ?? 0) + calls;
  });
}
