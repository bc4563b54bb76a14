import { RpcError } from "../base/errors.ts";
import { Waiters } from "../base/waiters.ts";
import type { CallItems } from "./call.ts";
import type { CallReport } from "./call_report.ts";

/** How a stream ended, and where. */
export interface StreamReport extends CallReport {
  /**
   * Items that came; `undefined` if the procedure is no stream, and its result is the only item.
   */
  readonly items: number | undefined;
}

/** Items that may be under way to a caller who did not say how many. */
export const streamCreditDefault = 64;

/**
 * The items of one call, to be iterated over once. The server makes no more of them than the
 * caller's reading has room for. Leaving the loop, by `break` or by an exception, cancels the call.
 */
export class CallStream implements AsyncIterableIterator<unknown>, CallItems {
  readonly credit: number;
  grant: ((n: number) => void) | undefined;
  readonly #giveUp: () => void;
  readonly #own: (item: unknown) => unknown;
  readonly #report = Promise.withResolvers<StreamReport>();
  #waiting: unknown[] = [];
  /** What all of them came in, those included that were read. */
  #waitingBytes = 0;
  #next = 0;
  #received = 0;
  #isStream = false;
  /** Items that may come, over the whole of the stream. */
  #granted: number;
  /** Items read and not granted anew. */
  #freed = 0;
  #end: CallReport | undefined;
  #isLeft = false;
  readonly #readers = new Waiters();

  /**
   * @param credit items that may come before the first is read
   * @param giveUp cancels the call
   * @param own an item as the caller gets it, or the error that it gets instead
   */
  constructor(
    credit: number,
    giveUp: () => void,
    own: (item: unknown) => unknown = (item) => item,
  ) {
    this.credit = credit;
    this.#granted = credit;
    this.#giveUp = giveUp;
    this.#own = own;
  }

  get received(): number {
    return this.#received;
  }

  /** Whether the procedure is a stream, which is known from its first item or its end on. */
  get isStream(): boolean {
    return this.#isStream;
  }

  /** How the call ended. Never rejects. */
  get report(): Promise<StreamReport> {
    return this.#report.promise;
  }

  /** About what the items take that have come and were not read. */
  get heldBytes(): number {
    const { length } = this.#waiting;
    return length === 0 ? 0 : this.#waitingBytes * (length - this.#next) / length;
  }

  items(items: readonly unknown[], bytes: number): void {
    if (this.#received + items.length > this.#granted) {
      const message = "it sent more items of a stream than it was granted";
      throw new RpcError("InvalidRequest", message);
    }
    // Also when there are none, which says that it is a stream.
    this.#isStream = true;
    this.#received += items.length;
    if (!this.#isLeft) {
      this.#waiting.push(...items);
      this.#waitingBytes += bytes;
    }
    this.#readers.wake();
  }

  /** The call has ended. What came before can still be read. */
  ended(report: CallReport): void {
    this.#end = report;
    if (report.error === undefined && !this.#isStream) this.#waiting.push(report.result);
    this.#report.resolve({ ...report, items: this.#isStream ? this.#received : undefined });
    this.#readers.wake();
  }

  /**
   * The next item. Rejects with an `RpcError` when the call failed and all that came before is
   * read.
   */
  async next(): Promise<IteratorResult<unknown, undefined>> {
    while (true) {
      if (this.#isLeft) return { done: true, value: undefined };
      if (this.#next < this.#waiting.length) {
        const value = this.#own(this.#read());
        if (!(value instanceof RpcError)) return { done: false, value };
        void this.return();
        throw value;
      }
      if (this.#end !== undefined) {
        this.#isLeft = true;
        if (this.#end.error !== undefined) throw this.#end.error;
      } else {
        await this.#readers.wait();
      }
    }
  }

  /** Wants no more: cancels the call if it still runs. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isLeft = true;
    this.#waiting = [];
    if (this.#end === undefined) this.#giveUp();
    this.#readers.wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** {@link return}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #read(): unknown {
    const item = this.#waiting[this.#next++];
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#next = 0;
    }
    // Half of it at a time: a message for each item would cost as much as the items.
    if (++this.#freed * 2 >= this.credit) {
      this.#granted += this.#freed;
      this.grant?.(this.#freed);
      this.#freed = 0;
    }
    return item;
  }
}
