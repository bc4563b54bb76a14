import type { CallQueue, Queued } from "./call_queue.ts";

/** What is asked of a waiting call. Times are on the clock's monotonic scale, in milliseconds. */
export interface Waiting<Item> extends Queued<Item> {
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
}

/** How much the latest gap between two calls tells of the next ones: about the last eight count. */
const gapWeight = 1 / 8;

/**
 * Which of the calls that wait gets the next free worker, so that under overload work still ends in
 * time.
 *
 * In order of arrival a server with more to do than it can gets every call when its deadline is
 * near, finishes none, and restarts workers all day. So the order changes when the oldest call has
 * waited for more than half of its time: then the newest goes first, which has most of its time
 * left ("adaptive LIFO", Maurer, "Fail at Scale", ACM Queue 13(8), 2015). A burst that can be
 * worked off in time is worked off all the same, only in another order.
 *
 * An old call for which the work before it takes longer than its deadline allows is refused then,
 * while somebody else may still have the time for it. By Little's law the calls that wait are thus
 * bounded by arrivals in half a deadline: a limit that follows the time which calls take and have,
 * as brpc's timeout limiter's does (apache/brpc #2013, #2027). Limits that follow latency alone
 * (brpc's auto limiter, Netflix's Gradient2) refuse a burst that could have been done.
 */
export class Shedding<Item extends Waiting<Item>> {
  readonly #queue: CallQueue<Item>;
  #gapMs = 0;
  #takenAtMs: number | undefined;

  constructor(queue: CallQueue<Item>) {
    this.#queue = queue;
  }

  /**
   * Takes out the call that is to run next, of those that may.
   *
   * @param mayBegin asked of one call after the other until one may
   */
  take(nowMs: number, mayBegin: (item: Item) => boolean = () => true): Item | undefined {
    const queue = this.#queue;
    const newestFirst = isLate(queue.first, nowMs);
    let item = newestFirst ? queue.last : queue.first;
    while (item !== undefined && !mayBegin(item)) item = newestFirst ? item.previous : item.next;
    if (item === undefined) return undefined;
    queue.remove(item);
    if (this.#takenAtMs !== undefined) {
      this.#gapMs += (nowMs - this.#takenAtMs - this.#gapMs) * gapWeight;
    }
    // Time in which nobody waited tells nothing of how long it takes to work calls off.
    this.#takenAtMs = queue.size > 0 ? nowMs : undefined;
    return item;
  }

  /** Takes out a call that cannot be begun before its deadline; `undefined` if there is none. */
  takeHopeless(nowMs: number): Item | undefined {
    const queue = this.#queue;
    const oldest = queue.first;
    if (!isLate(oldest, nowMs)) return undefined;
    // The newest goes first now, so all others come before this one.
    const waitMs = (queue.size - 1) * this.#gapMs;
    if (nowMs + waitMs <= oldest.deadlineAtMs) return undefined;
    queue.remove(oldest);
    return oldest;
  }
}

function isLate<Item extends Waiting<Item>>(
  item: Item | undefined,
  nowMs: number,
): item is Item {
  return item !== undefined && nowMs - item.submittedAtMs > item.deadlineAtMs - nowMs;
}
