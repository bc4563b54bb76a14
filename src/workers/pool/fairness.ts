import { RpcError } from "../../base/errors.ts";
import { contestedMs, fairWaitMs } from "../limits.ts";
import type { CallQueue } from "./call_queue.ts";
import type { PoolCall } from "./pool_call.ts";
import type { Shedding } from "./shedding.ts";
import { Share } from "./share.ts";
import type { Caller } from "./task.ts";

/** What a {@link Fairness} needs of its scheduler. */
interface FairnessOptions {
  readonly queue: CallQueue<PoolCall>;
  readonly shedding: Shedding<PoolCall>;
  /** Most calls that wait. */
  readonly queueMax: number;
  /** Calls that the workers may have at once. */
  capacity(): number;
  /** Calls, if they are long ones, that keep all workers from everybody else. */
  keepable(): number;
  /** What was waited for has happened. */
  mayGoOn(): void;
}

/**
 * Who may have how much of a scheduler: all of it while nobody else wants any, half of the workers
 * and half of the queue while others wait. And nothing while it leaves its answers unread.
 *
 * Who came when nobody else was there may hold all workers, for as long as its deadlines allow.
 * When others have waited for a while its newest idempotent call has to go, and for a time
 * nobody gets more than half: otherwise it would take each worker that becomes free for a moment. A
 * call that is not idempotent is never stopped: its work would be lost (docs/adr/0015).
 */
export class Fairness {
  readonly #options: FairnessOptions;
  readonly #shares = new WeakMap<object, Share<PoolCall>>();
  readonly #waiting = new Set<Share<PoolCall>>();
  readonly #working = new Set<Share<PoolCall>>();
  readonly #awaited = new Set<Pick<Caller, "drained">>();
  #contestedUntilMs = -Infinity;

  constructor(options: FairnessOptions) {
    this.#options = options;
  }

  /** What a caller has. Without one: what all such calls have together. */
  of(caller: Caller | undefined): Share<PoolCall> {
    const key = caller?.key ?? this;
    let share = this.#shares.get(key);
    if (share === undefined) {
      share = new Share((changed) => this.#changed(changed));
      this.#shares.set(key, share);
    }
    return share;
  }

  /** Whether a new call may begin at once, given that nobody waits before it. */
  mayBegin(call: PoolCall, nowMs: number): boolean {
    if (this.#isContested(nowMs) && call.share.begun.size >= this.#fairMax(nowMs)) return false;
    return this.#isRead(call);
  }

  /**
   * Takes out the waiting call that is to run next: of a caller that has less than half, if there
   * is one.
   */
  take(nowMs: number): PoolCall | undefined {
    const { shedding } = this.#options;
    const isContested = this.#isContested(nowMs);
    if (isContested || this.#waiting.size > 1) {
      const fairMax = this.#fairMax(nowMs);
      const isFair = (call: PoolCall) => call.share.begun.size < fairMax && this.#isRead(call);
      const call = shedding.take(nowMs, isFair);
      if (call !== undefined || isContested) return call;
    }
    return shedding.take(nowMs, (call) => this.#isRead(call));
  }

  /**
   * Sees to it that a call may wait, by refusing another one if it must; returns why it may not.
   */
  makeRoom({ task: { method }, share }: PoolCall): string | undefined {
    const { queue, queueMax } = this.#options;
    const isFull = queue.size >= queueMax;
    const isGreedy = share.queued >= queueMax / 2;
    if (isGreedy && !isFull && queue.size > share.queued) {
      return `Cannot queue ${method}: ${share.queued} calls of its caller are waiting, and others`;
    }
    if (!isFull) return undefined;
    let last = isGreedy ? undefined : queue.last;
    while (last !== undefined && last.share.queued <= queueMax / 2) last = last.previous;
    if (last === undefined) {
      return `Cannot queue ${method}: ${queueMax} calls are waiting already`;
    }
    queue.remove(last);
    last.leave();
    const message = `Cannot run ${last.task.method}: others than its caller want to wait too`;
    last.settle({ error: new RpcError("Overloaded", message) });
    return undefined;
  }

  /**
   * The call that has to go because others have waited for too long. Of the caller that has most it
   * is the newest idempotent one: the one that loses least. `undefined` if there is none, if
   * nobody has too much, or if nobody waits for it.
   */
  greedy(nowMs: number): PoolCall | undefined {
    const fairMax = this.#fairMax(nowMs);
    let most: Share<PoolCall> | undefined;
    for (const share of this.#working) {
      if (share.begun.size > (most?.begun.size ?? fairMax)) most = share;
    }
    if (most === undefined || !this.#isStarved(fairMax, nowMs)) return undefined;
    this.#contestedUntilMs = nowMs + contestedMs;
    return [...most.begun].findLast(({ task }) => task.isIdempotent);
  }

  /** Has the scheduler go on when something that reads too slowly has read all. */
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

  /** Whether nobody gets more than half for now, also while nobody waits. */
  #isContested(nowMs: number): boolean {
    return nowMs < this.#contestedUntilMs;
  }

  /** Calls in workers that one caller may have while others wait. */
  #fairMax(nowMs: number): number {
    const { capacity, keepable } = this.#options;
    const all = this.#isContested(nowMs) ? Math.min(capacity(), keepable()) : capacity();
    return Math.max(1, Math.floor(all / 2));
  }

  #isStarved(fairMax: number, nowMs: number): boolean {
    const isStarved = (call: PoolCall) =>
      nowMs - call.submittedAtMs >= fairWaitMs && call.share.begun.size < fairMax &&
      this.#isRead(call);
    let call = this.#options.queue.first;
    while (call !== undefined && !isStarved(call)) call = call.next;
    return call !== undefined;
  }

  /** Whether a call's caller reads what it is sent. If not, the scheduler goes on when it has. */
  #isRead({ task: { caller } }: PoolCall): boolean {
    if (caller === undefined || !caller.isFull) return true;
    this.goOnWhenDrained(caller);
    return false;
  }
}
