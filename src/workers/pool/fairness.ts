import { contestedMs, fairWaitMs } from "../limits.ts";
import type { CallQueue } from "./call_queue.ts";
import type { PoolCall } from "./pool_call.ts";
import type { Shedding } from "./shedding.ts";
import { Share } from "./share.ts";
import type { Caller } from "./task.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** The place of a worker; `undefined`: the next one has not started. */
type Restarting = Pick<WorkerSlot, "worker">;

/** What a {@link Fairness} needs of its scheduler. */
interface FairnessOptions {
  readonly queue: CallQueue<PoolCall>;
  readonly shedding: Shedding<PoolCall>;
  /** Most calls that wait. */
  readonly queueMax: number;
  /** How many calls the workers may have at once. */
  capacity(): number;
  /** How many long calls occupy all workers. */
  keepable(): number;
  /** Called when waiting calls may be able to begin. */
  mayGoOn(): void;
}

/**
 * The share of a scheduler that one caller may have: everything while nobody else wants any, half
 * of the workers and half of the queue while others wait, and nothing while it leaves its answers
 * unread.
 *
 * A caller that came first may occupy all workers for as long as its deadlines allow. When others
 * have waited for a while, its newest idempotent call is stopped, and for some time nobody gets
 * more than half: otherwise it would take each worker that becomes free for a moment. A call that
 * is not idempotent is never stopped, because its work would be lost (docs/adr/0015).
 */
export class Fairness {
  readonly #options: FairnessOptions;
  readonly #shares = new WeakMap<object, Share<PoolCall>>();
  readonly #waiting = new Set<Share<PoolCall>>();
  readonly #working = new Set<Share<PoolCall>>();
  readonly #awaited = new Set<Pick<Caller, "drained">>();
  /** Workers that calls have ended, by deadlines or crashes, and whose next have not started. */
  readonly #restarting = new Map<Restarting, Share<PoolCall>>();
  #contestedUntilMs = -Infinity;
  /** Whose call was taken last. */
  #last: Share<PoolCall> | undefined;
  /** The only one that may have more than half of the queue. */
  #most: Share<PoolCall> | undefined;

  constructor(options: FairnessOptions) {
    this.#options = options;
  }

  /** The share of a caller. All calls without a caller have one share together. */
  of(caller: Caller | undefined): Share<PoolCall> {
    const key = caller?.key ?? this;
    let share = this.#shares.get(key);
    if (share === undefined) {
      share = new Share((changed) => this.#changed(changed));
      this.#shares.set(key, share);
    }
    return share;
  }

  /** Whether a new call may begin at once, if nobody waits before it. */
  mayBegin(call: PoolCall, nowMs: number): boolean {
    if (this.#isContested(nowMs) && this.#placesOf(call.share) >= this.#fairMax(nowMs)) {
      return false;
    }
    return this.#isRead(call);
  }

  /**
   * Removes and returns the waiting call to run next: of a caller with less than half that did not
   * have the last turn, if there is one. Where there is one worker, or all are busy with short
   * calls, half of the places would not keep a caller with a thousand waiting calls from having
   * them all run first.
   */
  take(nowMs: number): PoolCall | undefined {
    const call = this.#next(nowMs);
    this.#last = call?.share;
    return call;
  }

  #next(nowMs: number): PoolCall | undefined {
    const { shedding } = this.#options;
    const isContested = this.#isContested(nowMs);
    if (isContested || this.#waiting.size > 1) {
      const fairMax = this.#fairMax(nowMs);
      const isFair = (call: PoolCall) => this.#placesOf(call.share) < fairMax && this.#isRead(call);
      const isNext = (call: PoolCall) => call.share !== this.#last && isFair(call);
      const call = shedding.take(nowMs, isNext) ?? shedding.take(nowMs, isFair);
      if (call !== undefined || isContested) return call;
    }
    return shedding.take(nowMs, (call) => this.#isRead(call));
  }

  /**
   * Makes room for a call to wait, maybe by refusing another one. Returns why it may not wait.
   */
  makeRoom({ task: { method }, share }: PoolCall): string | undefined {
    const { queue, queueMax } = this.#options;
    const isFull = queue.size >= queueMax;
    const isGreedy = share.queued >= queueMax / 2;
    // With this call it may be the one that has more than half.
    if (isGreedy) this.#most = share;
    if (isGreedy && !isFull && queue.size > share.queued) {
      return `Cannot queue ${method}: ${share.queued} calls of its caller are waiting, and others`;
    }
    if (!isFull) return undefined;
    const last = isGreedy ? undefined : this.#lastOfMost();
    if (last === undefined) {
      return `Cannot queue ${method}: ${queueMax} calls are waiting already`;
    }
    queue.remove(last);
    last.refuse("Overloaded", ": others than its caller want to wait too");
    return undefined;
  }

  /**
   * The last waiting call of the caller that has more than half of the queue. If there is none,
   * this looks at no call, since a full queue is asked for each further one.
   */
  #lastOfMost(): PoolCall | undefined {
    const { queue, queueMax } = this.#options;
    const most = this.#most;
    if (most === undefined || most.queued <= queueMax / 2) return undefined;
    let last = queue.last;
    while (last !== undefined && last.share !== most) last = last.previous;
    return last;
  }

  /**
   * The call to stop because others have waited for too long: the newest idempotent one of the
   * caller that has most, since it loses the least work. `undefined` if there is none, if no caller
   * has too much, or if nobody waits.
   */
  greedy(nowMs: number): PoolCall | undefined {
    const fairMax = this.#fairMax(nowMs);
    let most: Share<PoolCall> | undefined;
    for (const share of this.#working) {
      if (share.begun.size > (most?.begun.size ?? fairMax)) most = share;
    }
    if (most === undefined || !this.#isStarved(fairMax, nowMs)) return undefined;
    this.#contestedUntilMs = nowMs + contestedMs;
    let newest = most.begun.last;
    while (newest !== undefined && !newest.task.isIdempotent) newest = newest.previous;
    return newest;
  }

  /** A caller's call has ended its worker, whose place is its caller's until there is another. */
  ended(place: Restarting, share: Share<PoolCall>, nowMs: number): void {
    this.#restarting.set(place, share);
    this.lookAtRestarts(nowMs);
  }

  /**
   * Nobody gets more than half from now on if the calls of one caller have ended workers, it has
   * more than half, and others wait: these wait for a worker to start, which takes longer than most
   * calls, and would do so with each of their calls. To be called when a call begins to wait.
   */
  lookAtRestarts(nowMs: number): void {
    if (this.#restarting.size === 0 || this.#waiting.size === 0) return;
    const fairMax = halfOf(this.#options.keepable());
    const greedy = this.#restarting.values().find((share) => this.#placesOf(share) > fairMax);
    const isAlone = this.#waiting.values().every((share) => share === greedy);
    if (greedy !== undefined && !isAlone) this.#contestedUntilMs = nowMs + contestedMs;
  }

  /** The workers that a caller has: those that run its calls, and those that these have ended. */
  #placesOf(share: Share<PoolCall>): number {
    let places = share.begun.size;
    for (const [place, whose] of this.#restarting) {
      if (place.worker !== undefined) this.#restarting.delete(place);
      else if (whose === share) places++;
    }
    return places;
  }

  /** Lets the scheduler go on when a slow reader has read everything. */
  goOnWhenDrained(source: Pick<Caller, "drained">): void {
    if (this.#awaited.has(source)) return;
    this.#awaited.add(source);
    void source.drained().then(() => {
      this.#awaited.delete(source);
      this.#options.mayGoOn();
    });
  }

  #changed(share: Share<PoolCall>): void {
    if (share.queued > 0) this.#waiting.add(share);
    else this.#waiting.delete(share);
    if (share.begun.size > 0) this.#working.add(share);
    else this.#working.delete(share);
  }

  /** Whether no caller gets more than half for now, even while nobody waits. */
  #isContested(nowMs: number): boolean {
    return nowMs < this.#contestedUntilMs;
  }

  /** Calls in workers that one caller may have while others wait. */
  #fairMax(nowMs: number): number {
    const { capacity, keepable } = this.#options;
    return halfOf(this.#isContested(nowMs) ? Math.min(capacity(), keepable()) : capacity());
  }

  #isStarved(fairMax: number, nowMs: number): boolean {
    const isStarved = (call: PoolCall) =>
      nowMs - call.submittedAtMs >= fairWaitMs && this.#placesOf(call.share) < fairMax &&
      this.#isRead(call);
    let call = this.#options.queue.first;
    while (call !== undefined && !isStarved(call)) call = call.next;
    return call !== undefined;
  }

  /** Whether a call's caller reads its answers. If not, the scheduler goes on when it has. */
  #isRead({ task: { caller } }: PoolCall): boolean {
    if (caller === undefined || !caller.isFull) return true;
    this.goOnWhenDrained(caller);
    return false;
  }
}

function halfOf(all: number): number {
  return Math.max(1, Math.floor(all / 2));
}
