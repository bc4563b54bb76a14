import { RpcError } from "../base/errors.ts";
import { messageMaxDefault } from "../base/limits.ts";
import { Waiters } from "../base/waiters.ts";
import type { LazyCallContext } from "./call_context.ts";
import { toFailure } from "./failure.ts";
import { invokeStream } from "./invoke.ts";
import type { CallParams } from "./params.ts";
import type { AnyProcedure } from "./plain/plain_procedure.ts";

/** One call of a procedure that is a stream. */
interface StreamInvocation {
  readonly method: string;
  readonly procedure: AnyProcedure;
  readonly params: CallParams;
  readonly context: LazyCallContext;
  /** Longest result if all items are collected, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
}

/** Where the items of one call go. */
export interface ItemSink {
  /** How many items it takes before more credit is granted. */
  readonly credit: number;
  /**
   * Takes the next items. For an empty stream it is called once, without items. If it throws, the
   * stream ends with that.
   */
  items(items: readonly unknown[]): void;
}

/** A stream under way. */
export interface Run {
  /**
   * Runs to the end and resolves with the call's result. Rejects with an {@link RpcError}. To be
   * called once.
   */
  run(): Promise<unknown>;
  /** Grants so many more items. */
  more(n: number): void;
  /**
   * Ends the stream early: the procedure's `finally` runs at its next `yield`, and the call ends as
   * Cancelled.
   */
  cancel(): void;
}

/**
 * A run that hands items to `sink` and results in their number. Without a sink, which means that
 * the caller did not ask for a stream, all items together are the result.
 */
export function startStream(call: StreamInvocation, sink: ItemSink | undefined): Run {
  return sink === undefined ? new CollectedRun(call) : new StreamRun(call, sink);
}

/**
 * Draws a procedure's items as its caller has room for them:
 *
 * - without credit the procedure is not resumed, not even to learn that it has ended;
 * - the event loop turns between items, so that a generator which never waits can be cancelled and
 *   does not starve other calls.
 */
class StreamRun implements Run {
  readonly #call: StreamInvocation;
  readonly #sink: ItemSink;
  #credit: number;
  #isCancelled = false;
  readonly #waiters = new Waiters();

  constructor(call: StreamInvocation, sink: ItemSink) {
    this.#call = call;
    this.#sink = sink;
    this.#credit = sink.credit;
  }

  more(n: number): void {
    this.#credit += n;
    this.#waiters.wake();
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#call.context.abort();
    this.#waiters.wake();
  }

  async run(): Promise<number> {
    const { method, procedure, params, context } = this.#call;
    const items = await invokeStream(method, procedure, params, context);
    const { setImmediate } = await import("node:timers");
    let count = 0;
    try {
      while (await this.#mayGoOn()) {
        const { done, value } = await items.next();
        if (done && count === 0) this.#sink.items([]);
        if (done) return count;
        if (this.#isCancelled) break;
        this.#sink.items([value]);
        this.#credit--;
        count++;
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
    } finally {
      await items.stop();
    }
    throw new RpcError("Cancelled", `Cancelled ${method} while it ran`);
  }

  /** Resolves when there is credit, to `false` if the stream was cancelled. */
  async #mayGoOn(): Promise<boolean> {
    while (this.#credit <= 0 && !this.#isCancelled) {
      await this.#waiters.wait();
    }
    return !this.#isCancelled;
  }
}

/** All items of a stream as one result, if they fit one message. */
class CollectedRun implements Run {
  readonly #items: unknown[] = [];
  readonly #run: StreamRun;
  #bytes = 0;

  constructor(call: StreamInvocation) {
    const { method, messageMax = messageMaxDefault } = call;
    this.#run = new StreamRun(call, {
      credit: Infinity,
      items: (items) => {
        // A lower bound, since a character may take several bytes: the encoder checks again.
        this.#bytes += lengthOf(method, items);
        if (this.#bytes > messageMax) {
          throw new RpcError("InternalError", tooMuch(method, messageMax));
        }
        this.#items.push(...items);
      },
    });
  }

  more(): void {}

  cancel(): void {
    this.#run.cancel();
  }

  async run(): Promise<readonly unknown[]> {
    await this.#run.run();
    return this.#items;
  }
}

/** The items' length as JSON. A user's `toJSON` may throw anything. */
function lengthOf(method: string, items: readonly unknown[]): number {
  try {
    return JSON.stringify(items).length;
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
}

function tooMuch(method: string, messageMax: number): string {
  return `Cannot return all that ${method} yields as one result: it is more than ` +
    `${messageMax} bytes (rpc serve --message-max, or messageMax). Call it as a stream`;
}
