/**
 * The operations that wait: first those sent, in the order in which answers must come, then the
 * others.
 */

import { ZooKeeperError } from "./errors.ts";
import type { JuteReader } from "./jute.ts";

/** Most operations that wait at once, sent or not: an outage must not become a memory leak. */
export const operationsMax = 10_000;

/** Most bytes of requests that wait at once, sent or not. */
export const operationBytesMax = 16 * 1024 * 1024;

/**
 * One request and what becomes of its answer. Exactly one of `reply` and `fail` is called, once.
 */
export interface Operation {
  readonly xid: number;
  readonly frame: Uint8Array;
  /** What it does, as messages say it: `read /services`. */
  readonly action: string;
  /** Takes the answer: `error` is 0 or the server's number. Throws where the body is malformed. */
  reply(error: number, body: JuteReader): void;
  fail(error: ZooKeeperError): void;
}

/** Makes the error for an operation from what the operation was about to do. */
export type Failure = (action: string) => ZooKeeperError;

/** A queue of {@link Operation}s, bounded in number and bytes. */
export class Operations {
  #waiting: Operation[] = [];
  /** So many at the head of the queue have been sent. */
  #sent = 0;
  #bytes = 0;

  /** Puts an operation at the end, or fails it at once with QUEUE_FULL. */
  add(operation: Operation): void {
    const bytes = this.#bytes + operation.frame.length;
    if (this.#waiting.length >= operationsMax || bytes > operationBytesMax) {
      operation.fail(
        new ZooKeeperError(
          "QUEUE_FULL",
          `Cannot ${operation.action}: ${this.#waiting.length} operations wait for ZooKeeper already`,
        ),
      );
      return;
    }
    this.#waiting.push(operation);
    this.#bytes = bytes;
  }

  /** The frames that were not sent yet, in order; they count as sent from now on. */
  takeUnsent(): Uint8Array[] {
    const unsent = this.#waiting.slice(this.#sent);
    this.#sent = this.#waiting.length;
    return unsent.map((operation) => operation.frame);
  }

  /**
   * The operation that an answer belongs to. The server answers in order.
   * @throws {ZooKeeperError} MARSHALLING_ERROR if it is another's turn
   */
  takeAnswered(xid: number): Operation {
    const head = this.#sent > 0 ? this.#waiting[0] : undefined;
    if (head?.xid !== xid) {
      throw new ZooKeeperError(
        "MARSHALLING_ERROR",
        `Cannot use ZooKeeper's answer to request ${xid}: ${head?.xid ?? "none"} is next`,
      );
    }
    this.#remove(0, 1);
    return head;
  }

  /** Fails the operation whose answer is next. */
  failNext(error: ZooKeeperError): void {
    if (this.#sent > 0) this.#remove(0, 1).forEach((operation) => operation.fail(error));
  }

  /** Fails those whose answers will not come any more. */
  failSent(failure: Failure): void {
    this.#remove(0, this.#sent).forEach((operation) => operation.fail(failure(operation.action)));
  }

  /** Fails those that never left. */
  failUnsent(failure: Failure): void {
    this.#remove(this.#sent, this.#waiting.length)
      .forEach((operation) => operation.fail(failure(operation.action)));
  }

  #remove(from: number, to: number): Operation[] {
    const removed = this.#waiting.splice(from, to - from);
    for (const operation of removed) this.#bytes -= operation.frame.length;
    this.#sent -= Math.max(0, Math.min(this.#sent, to) - from);
    return removed;
  }
}
