/**
 * What is known of the load of each of a client's servers: numbers only, in rows that lie side by
 * side.
 *
 * A pick among thousands looks at two of them that nobody looked at lately. As fields of objects
 * what it compares lay in half a dozen places of memory each, none of them in a cache; in rows it
 * lies in two.
 */

import {
  answersAfter,
  answersOfStart,
  answersToJudge,
  averageWith,
  averageWithLate,
  forgotten,
  forgottenPenalty,
  penalized,
} from "./latency.ts";
import { busyCallsMax } from "./limits.ts";

/** The numbers of a row. Half of a cache line, so that no row lies across two. */
const rowLength = 4;

/**
 * In a row of {@link Loads}: its share relative to others', calls it works on, when its last turn
 * was.
 */
const weightAt = 0;
const inFlightAt = 1;
const lastTurnAt = 2;
/** See {@link Loads.isBusy}. */
const limitAt = 3;

/** In a row of {@link MethodLoads}. */
const averageMsAt = 0;
const answeredAtMsAt = 1;
const owedAt = 2;
const silentSinceMsAt = 3;

/** In place of a number of answers: the last thing that it did was to fail. */
const failed = 255;

/** What one refusal leaves of the calls that a server is trusted with. */
const keptAfterRefusal = 0.9;

const rowsAtFirst = 16;

/** Methods that latencies are kept of. Past it all are forgotten, and learned again. */
const methodsMax = 256;

/** Rows of all methods together, 32 bytes each: bounds the memory where there are many servers. */
const methodRowsMax = 2 ** 20;

/** The rows of all servers of one client. A server keeps its row as long as it is known. */
export class Loads {
  readonly #methods = new Map<string, MethodLoads>();
  readonly #free: number[] = [];
  #rows = new Float64Array(rowsAtFirst * rowLength);
  #capacity = rowsAtFirst;
  #used = 0;
  /** Not the time: many calls are sent at one look at the clock. */
  #turns = 0;
  /**
   * What a server weighs on average, where weights say how many other clients use a server: then as
   * many calls under way as it weighs more are no sign of load. 0: they do not say that.
   */
  weightOfOne = 0;

  /** Takes a row for a server that nothing is known of. */
  add(weight: number): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row >= this.#capacity) this.#grow();
    const at = row * rowLength;
    this.#rows[at + weightAt] = weight;
    this.#rows[at + inFlightAt] = 0;
    this.#rows[at + lastTurnAt] = -Infinity;
    this.#rows[at + limitAt] = busyCallsMax;
    return row;
  }

  /** Gives a row back. Nothing may be written to it any more. */
  remove(row: number): void {
    for (const method of this.#methods.values()) method.forget(row);
    this.#free.push(row);
  }

  /**
   * What is known of a method. It stays usable by whoever has it, also when it is forgotten here.
   */
  of(method: string): MethodLoads {
    return this.#methods.get(method) ?? this.#learn(method);
  }

  /** It may offer any method, whatever it lacked: it may be another process by now. */
  forgetLacking(row: number): void {
    for (const method of this.#methods.values()) method.forgetLacking(row);
  }

  weightOf(row: number): number {
    return this.#rows[row * rowLength + weightAt] as number;
  }

  setWeight(row: number, weight: number): void {
    this.#rows[row * rowLength + weightAt] = weight;
  }

  /** Calls of this client that it works on. */
  inFlightOf(row: number): number {
    return this.#rows[row * rowLength + inFlightAt] as number;
  }

  /** How much it works on for this client, beside what it is expected to. */
  loadOf(row: number): number {
    const inFlight = this.inFlightOf(row);
    if (this.weightOfOne === 0 || inFlight === 0) return inFlight;
    return inFlight * this.weightOfOne / Math.max(this.weightOf(row), Number.MIN_VALUE);
  }

  /** How many calls had been sent to anybody when it was last sent one; `-Infinity` if never. */
  lastTurnOf(row: number): number {
    return this.#rows[row * rowLength + lastTurnAt] as number;
  }

  /** A call was sent. */
  started(row: number): void {
    const at = row * rowLength;
    (this.#rows[at + inFlightAt] as number)++;
    this.#rows[at + lastTurnAt] = ++this.#turns;
  }

  /** A call has ended, or was given up. */
  ended(row: number): void {
    (this.#rows[row * rowLength + inFlightAt] as number)--;
  }

  /**
   * Whether it works on as many calls of this client as it can, as far as is known: that is fewer
   * each time that it refuses one as Overloaded, and more with each answer, as TCP finds out how
   * much a path takes.
   */
  isBusy(row: number): boolean {
    const at = row * rowLength;
    return (this.#rows[at + inFlightAt] as number) >= (this.#rows[at + limitAt] as number);
  }

  /** It has refused a call since it has too many. */
  refused(row: number): void {
    const at = row * rowLength;
    const had = Math.min(
      this.#rows[at + limitAt] as number,
      (this.#rows[at + inFlightAt] as number) + 1,
    );
    this.#rows[at + limitAt] = Math.max(1, had * keptAfterRefusal);
  }

  /** It has carried a call out. */
  carriedOut(row: number): void {
    const at = row * rowLength;
    const limit = this.#rows[at + limitAt] as number;
    if (limit < busyCallsMax) this.#rows[at + limitAt] = limit + 1 / limit;
  }

  #learn(method: string): MethodLoads {
    if (this.#methods.size >= this.#methodsMax) this.#methods.clear();
    const loads = new MethodLoads(this, this.#capacity);
    this.#methods.set(method, loads);
    return loads;
  }

  get #methodsMax(): number {
    return Math.max(1, Math.min(methodsMax, Math.floor(methodRowsMax / this.#capacity)));
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#rows = longer(this.#rows, this.#capacity);
    if (this.#methods.size > this.#methodsMax) this.#methods.clear();
    for (const method of this.#methods.values()) method.grow(this.#capacity);
  }
}

/**
 * The rows of one method: how long `ping` takes says nothing of `fib`.
 *
 * Beside the latency of its answers a server is judged by the answer that does not come: the cost
 * is that of Finagle's Peak EWMA, with the time that a call has been waiting as its peak. So a
 * server that was killed or stopped gets no more calls after about one round trip, long before its
 * connection ends. The time counts from the first call that was sent after the last answer: a
 * server that answers others is not silent while it works on a long one. Of calls that take as long
 * as they always do none waits longer than the average, and it changes nothing.
 */
export class MethodLoads {
  /** The servers' rows that are not a method's. */
  readonly servers: Loads;
  #rows: Float64Array<ArrayBuffer>;
  /**
   * How many answers there have been, up to {@link answersToJudge}; {@link failed} after a failure.
   * Apart, so that rows keep their length.
   */
  #answers: Uint8Array<ArrayBuffer>;
  readonly #lacking = new Set<number>();

  constructor(servers: Loads, capacity: number) {
    this.servers = servers;
    this.#rows = new Float64Array(capacity * rowLength);
    this.#answers = new Uint8Array(capacity);
    this.#clear(0, capacity);
  }

  /** How many servers are known not to offer the method. */
  get lacking(): number {
    return this.#lacking.size;
  }

  /** Whether it may offer the method, as far as is known. */
  mayOffer(row: number): boolean {
    return this.#lacking.size === 0 || !this.#lacking.has(row);
  }

  /** It said that it does not offer the method. */
  lacks(row: number): void {
    this.#lacking.add(row);
  }

  forgetLacking(row: number): void {
    this.#lacking.delete(row);
  }

  /** Its recent latency in milliseconds; 0 if nothing is known. */
  latencyOf(row: number, nowMs: number): number {
    const at = row * rowLength;
    const idleMs = nowMs - (this.#rows[at + answeredAtMsAt] as number);
    const averageMs = this.#rows[at + averageMsAt] as number;
    return this.#answers[row] === failed
      ? forgottenPenalty(averageMs, idleMs)
      : forgotten(averageMs, idleMs);
  }

  /** Whether it has answered often enough to be judged by its latency. */
  isJudged(row: number): boolean {
    return this.#answers[row] as number >= answersToJudge;
  }

  /** Whether all its answers may be those of a start. */
  mayBeStarting(row: number): boolean {
    return (this.#answers[row] as number) < answersOfStart;
  }

  /** Calls of other methods that it works on. */
  othersInFlightOf(row: number): number {
    return this.servers.inFlightOf(row) - (this.#rows[row * rowLength + owedAt] as number);
  }

  /** How long it has owed an answer and given none, in milliseconds; negative if it owes none. */
  silenceOf(row: number, nowMs: number): number {
    return nowMs - (this.#rows[row * rowLength + silentSinceMsAt] as number);
  }

  /**
   * A call was sent.
   *
   * @param isStream it may take as long as its caller likes, and says nothing of the server
   * meanwhile
   */
  sent(row: number, nowMs: number, isStream: boolean): void {
    this.servers.started(row);
    const at = row * rowLength;
    (this.#rows[at + owedAt] as number)++;
    if (!isStream && this.#rows[at + silentSinceMsAt] === Infinity) {
      this.#rows[at + silentSinceMsAt] = nowMs;
    }
  }

  /** A call was answered, or its connection has ended, with which all end. */
  answered(row: number): void {
    this.servers.ended(row);
    const at = row * rowLength;
    (this.#rows[at + owedAt] as number)--;
    this.#rows[at + silentSinceMsAt] = Infinity;
  }

  /** A call was given up here: that is no sign of life. */
  gaveUp(row: number): void {
    this.servers.ended(row);
    const at = row * rowLength;
    if (--(this.#rows[at + owedAt] as number) === 0) this.#rows[at + silentSinceMsAt] = Infinity;
  }

  /** Takes in one answer's latency. */
  observe(row: number, measuredMs: number, nowMs: number): void {
    const at = row * rowLength;
    const idleMs = nowMs - (this.#rows[at + answeredAtMsAt] as number);
    const answers = this.#answers[row] as number;
    // What failures made is a guess, and no measure for an answer.
    const guessedMs = this.#rows[at + averageMsAt] as number;
    const averageMs = answers === failed ? Math.max(guessedMs, measuredMs) : guessedMs;
    this.#rows[at + averageMsAt] = averageWith(averageMs, measuredMs, idleMs, answers);
    this.#rows[at + answeredAtMsAt] = nowMs;
    if (answers !== answersToJudge) {
      // Of calls that were under way together each waited for others.
      const ownMs = measuredMs / (1 + (this.#rows[at + owedAt] as number));
      this.#answers[row] = answersAfter(answers, ownMs);
    }
  }

  /** A call ended at its deadline, so many milliseconds after it was sent. */
  observeLate(row: number, lateMs: number, nowMs: number): void {
    const at = row * rowLength;
    const idleMs = nowMs - (this.#rows[at + answeredAtMsAt] as number);
    const averageMs = this.#rows[at + averageMsAt] as number;
    this.#rows[at + averageMsAt] = averageWithLate(averageMs, lateMs, idleMs);
    this.#rows[at + answeredAtMsAt] = nowMs;
    this.#answers[row] = answersToJudge;
  }

  /** It failed a call that another one might have carried out. */
  penalize(row: number, nowMs: number): void {
    const at = row * rowLength;
    const idleMs = nowMs - (this.#rows[at + answeredAtMsAt] as number);
    this.#rows[at + averageMsAt] = penalized(this.#rows[at + averageMsAt] as number, idleMs);
    this.#rows[at + answeredAtMsAt] = nowMs;
    this.#answers[row] = failed;
  }

  /** The row's server has gone. */
  forget(row: number): void {
    this.#clear(row, row + 1);
    this.#lacking.delete(row);
  }

  /** Makes room for more servers. */
  grow(capacity: number): void {
    const from = this.#rows.length / rowLength;
    this.#rows = longer(this.#rows, capacity);
    const answers = new Uint8Array(capacity);
    answers.set(this.#answers);
    this.#answers = answers;
    this.#clear(from, capacity);
  }

  #clear(from: number, to: number): void {
    this.#answers.fill(0, from, to);
    for (let row = from; row < to; row++) {
      this.#rows.fill(0, row * rowLength, (row + 1) * rowLength);
      this.#rows[row * rowLength + silentSinceMsAt] = Infinity;
    }
  }
}

function longer(rows: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(capacity * rowLength);
  copy.set(rows);
  return copy;
}
