/**
 * What every JavaScript load generator here shares: lanes that make one call after the other, and the
 * window of time in which calls count. Plain JavaScript, because peers run under Node.js.
 */

import process from "node:process";

/**
 * What to do, as `bench/systems/system.ts` describes it.
 *
 * @typedef {object} LoadArguments
 * @property {number} connections
 * @property {number} inFlight calls under way on each connection
 * @property {number} warmupMs
 * @property {number} durationMs
 * @property {boolean} latencies whether each call is timed
 */

/** Counts calls, and times them where latencies are wanted. */
export class Meter {
  /** Lanes go on for as long as this is true. */
  running = true;
  calls = 0;
  /** @type {number[]} */
  latenciesMs = [];
  #timed;
  #open = false;

  /** @param {boolean} timed */
  constructor(timed) {
    this.#timed = timed;
  }

  /**
   * Says that a call begins, and gives what {@link end} wants back.
   *
   * @returns {number}
   */
  begin() {
    return this.#timed ? performance.now() : 0;
  }

  /** @param {number} startedAtMs */
  end(startedAtMs) {
    this.calls++;
    if (this.#timed && this.#open) {
      this.latenciesMs.push(performance.now() - startedAtMs);
    }
  }

  /** From now on latencies are kept. */
  open() {
    this.#open = true;
  }

  close() {
    this.running = false;
    this.#open = false;
  }
}

/**
 * Runs lanes side by side: warms up, measures, lets them finish, and prints the result as one line.
 *
 * @param {LoadArguments} load
 * @param {readonly ((meter: Meter) => Promise<unknown>)[]} lanes
 * @returns {Promise<void>}
 */
export async function runLanes(load, lanes) {
  const meter = new Meter(load.latencies);
  const ended = Promise.all(lanes.map((lane) => lane(meter)));
  const { calls, seconds, cpuMs } = await Promise.race([
    measureWindow(load, meter),
    ended.then(tooEarly),
  ]);
  await ended;
  meter.latenciesMs.sort((a, b) => a - b);
  console.log(JSON.stringify({
    calls,
    seconds,
    cpuMs,
    callsEver: meter.calls,
    p50Ms: quantile(meter.latenciesMs, 0.5),
    p99Ms: quantile(meter.latenciesMs, 0.99),
  }));
}

/**
 * @param {LoadArguments} load
 * @param {Meter} meter
 */
async function measureWindow(load, meter) {
  // Some take their time to connect, which is not what is measured.
  while (meter.calls === 0) await sleep(1);
  await sleep(load.warmupMs);
  meter.open();
  const callsBefore = meter.calls;
  const startedAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  await sleep(load.durationMs);
  // The timer may be late: what counts is when the calls were counted.
  const calls = meter.calls - callsBefore;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  meter.close();
  return { calls, seconds, cpuMs: (user + system) / 1_000 };
}

/** @returns {never} */
function tooEarly() {
  throw new Error("The lanes ended before the measurement did");
}

/**
 * The nearest-rank quantile; 0 of nothing.
 *
 * @param {readonly number[]} sorted
 * @param {number} share
 * @returns {number}
 */
function quantile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/**
 * @param {number} delayMs
 * @returns {Promise<void>}
 */
function sleep(delayMs) {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/**
 * A lane of a function that takes an index and a callback, which is how the peers' own interfaces
 * are fastest. The callback is told whether the answer is the right one.
 *
 * @param {(index: number, done: (error: unknown, isRight: boolean) => void) => void} call
 * @returns {(meter: Meter) => Promise<void>}
 */
export function callbackLane(call) {
  return (meter) =>
    new Promise((resolve, reject) => {
      let startedAtMs = 0;
      let index = 0;
      /**
       * @param {unknown} error
       * @param {boolean} isRight
       */
      const done = (error, isRight) => {
        if (error) return reject(error);
        meter.end(startedAtMs);
        if (!isRight) return reject(new Error("The answer is not the right one"));
        next();
      };
      const next = () => {
        if (!meter.running) return resolve();
        startedAtMs = meter.begin();
        call(++index, done);
      };
      next();
    });
}

/**
 * @template Item
 * @param {number} count
 * @param {(index: number) => Item} make
 * @returns {Item[]}
 */
export function times(count, make) {
  return Array.from({ length: count }, (_, index) => make(index));
}
