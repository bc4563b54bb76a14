/**
 * The load of each of a client's servers, as numbers in rows of one array.
 *
 * A pick among thousands of servers compares two that were probably not used lately. As fields of
 * objects, the numbers of each would be in half a dozen places in memory, none of them in a cache;
 * in rows they are in two.
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
import { busyCallsMax, leastKeptMs, noiseMs, queueMsMin, queueShare } from "./limits.ts";

/** Numbers in a row: half a cache line, so that no row lies across two. */
const rowLength = 4;

/** In a row of {@link Loads}: its weight, its calls in flight, its last turn. */
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

/** In place of a number of answers: its last call failed. */
const failed = 255;

/** The factor by which one refusal lowers a server's limit of calls. */
const keptAfterRefusal = 0.9;

const rowsAtFirst = 16;

/** Methods whose latencies are kept. Past it all are forgotten, and learned again. */
const methodsMax = 256;

/** Rows of all methods together, 32 bytes each: bounds the memory with many servers. */
const methodRowsMax = 2 ** 20;

/** The rows of all servers of one client. A server keeps its row as long as it is known. */
export class Loads {
  readonly #methods = new Map<string, MethodLoads>();
  readonly #free: number[] = [];
  #rows = new Float64Array(rowsAtFirst * rowLength);
  #capacity = rowsAtFirst;
  #used = 0;
  /** Counts the calls that were sent. Not a time, since many calls share a look at the clock. */
  #turns = 0;
  /**
   * The average weight, if weights include shares. Then a server is expected to be given calls, and
   * to have some in flight, in proportion to its weight. 0: weights do not include shares.
   */
  weightOfOne = 0;

  /** Calls that were sent so far. */
  get sent(): number {
    return this.#turns;
  }

  /** Takes a row for a new server. */
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

  /** Gives a row back. It must not be written to any more. */
  remove(row: number): void {
    for (const method of this.#methods.values()) method.forget(row);
    this.#free.push(row);
  }

  /** The loads for a method. They stay usable even when the method is forgotten here. */
  of(method: string): MethodLoads {
    return this.#methods.get(method) ?? this.#learn(method);
  }

  /** Forgets which methods a server lacks: it may be another process now. */
  forgetLacking(row: number): void {
    for (const method of this.#methods.values()) method.forgetLacking(row);
  }

  weightOf(row: number): number {
    return this.#rows[row * rowLength + weightAt] as number;
  }

  setWeight(row: number, weight: number): void {
    this.#rows[row * rowLength + weightAt] = weight;
  }

  /** Calls of this client that a server works on. */
  inFlightOf(row: number): number {
    return this.#rows[row * rowLength + inFlightAt] as number;
  }

  /** The calls of this client that a server works on, relative to what is expected of it. */
  loadOf(row: number): number {
    const inFlight = this.inFlightOf(row);
    return inFlight === 0 ? 0 : inFlight / Math.max(this.expectedOf(row), Number.MIN_VALUE);
  }

  /** The calls that it is expected to be given, relative to the average server. */
  expectedOf(row: number): number {
    return this.weightOfOne === 0 ? 1 : this.weightOf(row) / this.weightOfOne;
  }

  /** The turn at which it was last sent a call; `-Infinity` if never. */
  lastTurnOf(row: number): number {
    return this.#rows[row * rowLength + lastTurnAt] as number;
  }

  /** A call was sent. */
  started(row: number): void {
    const at = row * rowLength;
    (this.#rows[at + inFlightAt] as number)++;
    this.#rows[at + lastTurnAt] = ++this.#turns;
  }

  /** A call has ended, or was cancelled. */
  ended(row: number): void {
    (this.#rows[row * rowLength + inFlightAt] as number)--;
  }

  /**
   * Whether it works on as many calls of this client as it can take. That limit falls with each
   * Overloaded and rises with each answer, as TCP finds the capacity of a path.
   */
  isBusy(row: number): boolean {
    const at = row * rowLength;
    return (this.#rows[at + inFlightAt] as number) >= (this.#rows[at + limitAt] as number);
  }

  /** It has refused a call as Overloaded. */
  refused(row: number): void {
    const at = row * rowLength;
    const had = Math.min(
      this.#rows[at + limitAt] as number,
      (this.#rows[at + inFlightAt] as number) + 1,
    );
    this.#rows[at + limitAt] = Math.max(1, had * keptAfterRefusal);
  }

  /** It has carried out a call. */
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
 * The rows of one method, since the latency of `ping` tells nothing about `fib`.
 *
 * A server is judged by the latency of its answers, and also by the time that it has owed one: the
 * cost is Finagle's Peak EWMA, with the waiting time as the peak. So a server that was killed or
 * stopped gets no more calls after about one round trip, long before its connection ends. The time
 * counts from the first call that was sent after the last answer, so a server that answers other
 * calls is not silent while it works on a long one. For calls that take their usual time, this
 * changes nothing.
 */
export class MethodLoads {
  /** The rows that do not depend on the method. */
  readonly servers: Loads;
  #rows: Float64Array<ArrayBuffer>;
  /**
   * The number of answers, up to {@link answersToJudge}; {@link failed} after a failure. In an
   * array of its own, so that rows keep their length.
   */
  #answers: Uint8Array<ArrayBuffer>;
  readonly #lacking = new Set<number>();
  readonly #idle = new Set<number>();
  /** The least recent latency of any server. It grows, so that it is learned anew. */
  #leastMs = Infinity;
  #leastAtMs = 0;

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

  /** Whether a server may offer the method. */
  mayOffer(row: number): boolean {
    return this.#lacking.size === 0 || !this.#lacking.has(row);
  }

  /** A server does not offer the method. */
  lacks(row: number): void {
    this.#lacking.add(row);
  }

  forgetLacking(row: number): void {
    this.#lacking.delete(row);
  }

  /** Whether a server has said with its last answer that it has no other call, of any client. */
  saidIdle(row: number): boolean {
    return this.#idle.size > 0 && this.#idle.has(row);
  }

  /** Notes what a server has said with an answer. */
  noteIdle(row: number, isIdle: boolean): void {
    if (isIdle) this.#idle.add(row);
    else if (this.#idle.size > 0) this.#idle.delete(row);
  }

  /**
   * Its recent latency in milliseconds; 0 if nothing is known.
   *
   * A server with a small share is called less often. If its latency were forgotten as soon as that
   * of others, it would seem quicker than they are, and be given more than its share.
   */
  latencyOf(row: number, nowMs: number): number {
    const at = row * rowLength;
    const sinceMs = nowMs - (this.#rows[at + answeredAtMsAt] as number);
    const idleMs = sinceMs * this.servers.expectedOf(row);
    const averageMs = this.#rows[at + averageMsAt] as number;
    return this.#answers[row] === failed
      ? forgottenPenalty(averageMs, idleMs)
      : forgotten(averageMs, idleMs);
  }

  /** Whether it has answered often enough to be judged by its latency. */
  isJudged(row: number): boolean {
    return this.#answers[row] as number >= answersToJudge;
  }

  /** Whether all its answers may be from its start. */
  mayBeStarting(row: number): boolean {
    return (this.#answers[row] as number) < answersOfStart;
  }

  /** Calls of other methods that it works on. */
  othersInFlightOf(row: number): number {
    return this.servers.inFlightOf(row) - (this.#rows[row * rowLength + owedAt] as number);
  }

  /** What one more call would wait for. Its weight decides how often it is drawn, not this. */
  costOf(row: number, nowMs: number): number {
    return (this.servers.loadOf(row) + 1) * (this.#waitOf(row, nowMs) + noiseMs);
  }

  /** Whether calls seem to wait there for each other: they take far longer than at other times. */
  hasQueue(row: number, nowMs: number): boolean {
    if (this.servers.inFlightOf(row) < 2) return false;
    const waitMs = this.#waitOf(row, nowMs);
    return waitMs > queueMsMin && waitMs * queueShare > this.#leastMs;
  }

  #waitOf(row: number, nowMs: number): number {
    return Math.max(this.latencyOf(row, nowMs), this.silenceOf(row, nowMs));
  }

  /** How long it has owed an answer, in milliseconds; negative if it owes none. */
  silenceOf(row: number, nowMs: number): number {
    return nowMs - (this.#rows[row * rowLength + silentSinceMsAt] as number);
  }

  /**
   * A call was sent.
   *
   * @param isStream a stream may take as long as its caller likes, so it is not owed
   */
  sent(row: number, nowMs: number, isStream: boolean): void {
    this.servers.started(row);
    const at = row * rowLength;
    (this.#rows[at + owedAt] as number)++;
    if (!isStream && this.#rows[at + silentSinceMsAt] === Infinity) {
      this.#rows[at + silentSinceMsAt] = nowMs;
    }
  }

  /** A call was answered, or ended with its connection. */
  answered(row: number): void {
    this.servers.ended(row);
    const at = row * rowLength;
    (this.#rows[at + owedAt] as number)--;
    this.#rows[at + silentSinceMsAt] = Infinity;
  }

  /** A call was cancelled here, which is no sign of life. */
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
    // An average after failures is a guess, and no measure for an answer.
    const guessedMs = this.#rows[at + averageMsAt] as number;
    const averageMs = answers === failed ? Math.max(guessedMs, measuredMs) : guessedMs;
    const newMs = averageWith(averageMs, measuredMs, idleMs, answers);
    this.#rows[at + averageMsAt] = newMs;
    this.#rows[at + answeredAtMsAt] = nowMs;
    const grownMs = this.#leastMs * (1 + (nowMs - this.#leastAtMs) / leastKeptMs);
    this.#leastMs = Math.min(newMs, grownMs);
    this.#leastAtMs = nowMs;
    if (answers !== answersToJudge) {
      // Calls that were in flight together waited for each other.
      const ownMs = measuredMs / (1 + (this.#rows[at + owedAt] as number));
      this.#answers[row] = answersAfter(answers, ownMs);
    }
  }

  /** A call ended at its deadline, `lateMs` after it was sent. */
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
    this.#idle.delete(row);
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
