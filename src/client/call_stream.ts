import { RpcError } from "../base/errors.ts";
import { Waiters } from "../base/waiters.ts";
import type { CallItems } from "./call.ts";
import type { CallReport } from "./call_report.ts";

/** How a stream ended, and where. */
export interface StreamReport extends CallReport {
  /** Number of items; `undefined` if the procedure is no stream and its result the only item. */
  readonly items: number | undefined;
}

/** Items that may be under way by default. */
export const streamCreditDefault = 64;

/**
 * The items of one call, to be iterated over once. The server makes items only as fast as they are
 * read. Leaving the loop, by `break` or by an exception, cancels the call.
 */
export class CallStream implements AsyncIterableIterator<unknown>, CallItems {
  readonly credit: number;
  grant: ((n: number) => void) | undefined;
  readonly #giveUp: () => void;
  readonly #own: (item: unknown) => unknown;
  readonly #report = Promise.withResolvers<StreamReport>();
  #waiting: unknown[] = [];
  /** What all of them came in, those included that were read and are still in the list. */
  #waitingBytes = 0;
  #next = 0;
  #received = 0;
  #isStream = false;
  /** Items granted so far, over the whole stream. */
  #granted: number;
  /** Items that were read and not yet granted anew. */
  #freed = 0;
  #end: CallReport | undefined;
  #isLeft = false;
  readonly #readers = new Waiters();

  /**
   * Made by `client.stream()`.
   *
   * @param credit items that may arrive before the first is read
   * @param giveUp cancels the call
   * @param own converts an item for the caller, or returns the error to throw
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

  /** Whether the procedure is a stream: known once an item has arrived or the call has ended. */
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
    // Even an empty list tells that the procedure is a stream.
    this.#isStream = true;
    this.#received += items.length;
    if (!this.#isLeft) {
      this.#waiting.push(...items);
      this.#waitingBytes += bytes;
    }
    this.#readers.wake();
  }

  /** Ends the stream. Items that arrived before can still be read. */
  ended(report: CallReport): void {
    this.#end = report;
    if (report.error === undefined && !this.#isStream) this.#waiting.push(report.result);
    this.#report.resolve({ ...report, items: this.#isStream ? this.#received : undefined });
    this.#readers.wake();
  }

  /** The next item. Rejects with an `RpcError` if the call failed and all items before are read. */
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

  /** Ends the iteration, and cancels the call if it still runs. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isLeft = true;
    this.#waiting = [];
    if (this.#end === undefined) this.#giveUp();
    this.#readers.wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The stream itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** {@link return}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #read(): unknown {
    const item = this.#waiting[this.#next++];
    // A reader that is always a little behind must not keep all that it has read.
    if (this.#next * 2 >= this.#waiting.length) {
      this.#waitingBytes = this.heldBytes;
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    // Half the credit at a time: a message for each item would cost as much as the items.
    if (++this.#freed * 2 >= this.credit) {
      this.#granted += this.#freed;
      this.grant?.(this.#freed);
      this.#freed = 0;
    }
    return item;
  }
}
