/**
 * The queue of operations without an answer: first those that were sent, in the order in which the
 * server answers, then the others.
 */

import { ZooKeeperError } from "./errors.ts";
import type { JuteReader } from "./jute.ts";

/** Most operations in the queue: it must not grow without end in an outage. */
export const operationsMax = 10_000;

/** Most bytes of requests in the queue. */
export const operationBytesMax = 16 * 1024 * 1024;

/**
 * One request and what becomes of its answer. Exactly one of `reply` and `fail` is called, once.
 */
export interface Operation {
  readonly xid: number;
  readonly frame: Uint8Array;
  /** What it does, for messages: `read /services`. */
  readonly action: string;
  /** Takes the answer: `error` is 0 or the server's number. Throws if the body is malformed. */
  reply(error: number, body: JuteReader): void;
  fail(error: ZooKeeperError): void;
}

/** Makes the error for an operation. */
export type Failure = (action: string) => ZooKeeperError;

/** A queue of {@link Operation}s, bounded in number and bytes. */
export class Operations {
  #waiting: Operation[] = [];
  /** How many at the head of the queue were sent. */
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

  /** Fails the operations that were sent: their answers will not come. */
  failSent(failure: Failure): void {
    this.#remove(0, this.#sent).forEach((operation) => operation.fail(failure(operation.action)));
  }

  /** Fails the operations that were not sent. */
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
