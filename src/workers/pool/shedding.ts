import type { CallQueue, Queued } from "./call_queue.ts";

/** A waiting call. Times are on the clock's monotonic scale, in milliseconds. */
export interface Waiting<Item> extends Queued<Item> {
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
}

/** Weight of the latest gap between two calls in the average: about the last eight count. */
const gapWeight = 1 / 8;

/**
 * Chooses the waiting call for the next free worker, so that calls still end in time under
 * overload.
 *
 * In order of arrival, an overloaded server would begin every call shortly before its deadline,
 * finish none, and restart workers all day. So the order changes when the oldest call has waited
 * for more than half of its time: then the newest goes first, which has most of its time left
 * ("adaptive LIFO", Maurer, "Fail at Scale", ACM Queue 13(8), 2015). A burst that can be finished
 * in time is still finished, only in another order.
 *
 * An old call is refused when the work before it would take longer than its deadline allows, while
 * another server may still have time for it. By Little's law the queue is thus bounded by the
 * arrivals in half a deadline. This limit follows both the calls' duration and their deadlines,
 * like brpc's timeout limiter (apache/brpc #2013, #2027). Limits by latency alone (brpc's auto
 * limiter, Netflix's Gradient2) refuse bursts that could have been served.
 */
export class Shedding<Item extends Waiting<Item>> {
  readonly #queue: CallQueue<Item>;
  #gapMs = 0;
  #takenAtMs: number | undefined;

  constructor(queue: CallQueue<Item>) {
    this.#queue = queue;
  }

  /**
   * Removes and returns the call to run next, of those that may begin. Its deadline may be over.
   *
   * @param mayBegin called for one call after another until one may begin
   */
  take(nowMs: number, mayBegin: (item: Item) => boolean = () => true): Item | undefined {
    const queue = this.#queue;
    const newestFirst = isLate(queue.first, nowMs);
    let item = newestFirst ? queue.last : queue.first;
    while (item !== undefined && !mayBegin(item)) item = newestFirst ? item.previous : item.next;
    if (item === undefined) return undefined;
    queue.remove(item);
    // One whose time is over takes no work, so it tells nothing of the rate either.
    if (item.deadlineAtMs <= nowMs) return item;
    if (this.#takenAtMs !== undefined) {
      this.#gapMs += (nowMs - this.#takenAtMs - this.#gapMs) * gapWeight;
    }
    // Gaps while nobody waited tell nothing about the rate of work.
    this.#takenAtMs = queue.size > 0 ? nowMs : undefined;
    return item;
  }

  /** Removes and returns a call that cannot begin before its deadline, if there is one. */
  takeHopeless(nowMs: number): Item | undefined {
    const queue = this.#queue;
    const oldest = queue.first;
    if (!isLate(oldest, nowMs)) return undefined;
    // The newest goes first now, so all others run before this one.
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
