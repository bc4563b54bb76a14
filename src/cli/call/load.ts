import { type Clock, sleep } from "../../base/clock.ts";

/** How many calls are made, and when. */
export interface LoadOptions {
  /** @default no bound */
  readonly repeat: number | undefined;
  /** No call begins after this time. @default no bound */
  readonly durationMs: number | undefined;
  /** Calls begun a second, whatever becomes of earlier ones. @default each waits for the one before it */
  readonly rate: number | undefined;
  /** Calls under way at once. @default 1, or with a rate {@link openLoopCallsMax} */
  readonly concurrency: number | undefined;
  /** Begin no more. */
  readonly signal: AbortSignal;
  /** Whether nobody wants any more. */
  readonly isOver: () => boolean;
  readonly clock: Clock;
}

/**
 * Makes a call: `i` counts from 1, `lateMs` is how long after it was due it is begun. Resolves when the
 * next one may begin in its place; must not reject.
 */
export type MakeCall = (i: number, lateMs: number) => Promise<void>;

/** Calls that a rate keeps under way at the most, unless told otherwise: past it servers cannot follow. */
const openLoopCallsMax = 10_000;

/** Makes calls until there have been enough, and resolves when all of them have ended. */
export function makeCalls(options: LoadOptions, make: MakeCall): Promise<void> {
  return options.rate === undefined
    ? closedLoop(options, make)
    : openLoop(options, options.rate, make);
}

/** So many lanes, in each of which a call begins when the one before it has ended. */
async function closedLoop(options: LoadOptions, make: MakeCall): Promise<void> {
  const { repeat = Infinity, concurrency = 1, signal, isOver, clock } = options;
  const endMs = clock.now() + (options.durationMs ?? Infinity);
  let next = 1;
  const lane = async () => {
    while (next <= repeat && !signal.aborted && !isOver() && clock.now() < endMs) {
      await make(next++, 0);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, repeat) }, lane));
}

/**
 * Calls begin when they are due. One that cannot, because too many are under way, begins late, and says
 * how late: so the wait counts that a server causes to calls it has not yet been sent. (Otherwise a server
 * that stalls would delay the very calls that would show it, which is called coordinated omission.)
 */
async function openLoop(options: LoadOptions, rate: number, make: MakeCall): Promise<void> {
  const { repeat = Infinity, concurrency = openLoopCallsMax, signal, isOver, clock } = options;
  const startMs = clock.now();
  const endMs = startMs + (options.durationMs ?? Infinity);
  const gate = new Gate(concurrency);
  for (let i = 1; i <= repeat; i++) {
    const dueMs = startMs + (i - 1) * 1_000 / rate;
    if (dueMs >= endMs) break;
    if (dueMs > clock.now()) await sleep(clock, dueMs - clock.now(), signal);
    await gate.room();
    if (signal.aborted || isOver()) break;
    gate.enter();
    void make(i, Math.max(0, clock.now() - dueMs)).then(() => gate.leave());
  }
  await gate.empty();
}

/** Counts calls under way. One waits for it at a time. */
class Gate {
  readonly #max: number;
  #inside = 0;
  #wake = () => {};

  constructor(max: number) {
    this.#max = max;
  }

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
    this.#wake();
  }

  room(): Promise<void> {
    return this.#until(() => this.#inside < this.#max);
  }

  empty(): Promise<void> {
    return this.#until(() => this.#inside === 0);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake = resolve);
  }
}
