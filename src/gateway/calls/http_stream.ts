import type { Budget, BudgetHolder } from "../../base/bounds/budget.ts";
import type { Clock } from "../../base/clock.ts";
import { type Deadline, DeadlineWheel } from "../../base/deadline_wheel.ts";
import { isRpcError, messageOf, RpcError } from "../../base/errors.ts";
import { writeStallTimeoutMs } from "../../base/limits.ts";
import type { StreamReport } from "../../client/call_stream.ts";
import { problemDetails } from "../door/problem.ts";
import { reply, unbuffered } from "../door/reply.ts";
import { gatewayStuckMs } from "../limits.ts";
import type { ItemStream } from "./calls.ts";

/** How items are written: server-sent events, or a JSON object a line. */
export type StreamForm = "events" | "lines";

/** The texts of each form. */
interface Writer {
  readonly type: string;
  item(item: unknown): string;
  end(report: StreamReport): string;
  error(error: RpcError): string;
}

const writers: Readonly<Record<StreamForm, Writer>> = {
  events: {
    type: "text/event-stream",
    item: (item) => `data: ${json(item)}\n\n`,
    end: (report) => `event: end\ndata: ${json(endOf(report))}\n\n`,
    error: (error) => `event: error\ndata: ${json(problemDetails(error))}\n\n`,
  },
  lines: {
    type: "application/x-ndjson",
    item: (item) => `{"item":${json(item)}}\n`,
    end: (report) => `{"end":${json(endOf(report))}}\n`,
    error: (error) => `{"error":${json(problemDetails(error))}}\n`,
  },
};

/** What bounds a stream whose reader is slow. */
interface StreamLimits {
  readonly clock: Clock;
  /** Unread bytes of all. */
  readonly unread: Budget;
  /** The reader's address. */
  readonly owner: string;
}

/**
 * Answers with the items of a call as they come. An item is drawn only when there is room on the
 * way to the reader, so a slow reader slows the procedure down. Items that wait count as unread,
 * and past the bound on all unread bytes a reader that takes nothing loses its stream. The status
 * depends on the first item, or on an error in its place; a later error is written last.
 *
 * @throws {RpcError} the call failed before its first item
 */
export async function streamResponse(
  stream: ItemStream,
  form: StreamForm,
  limits: StreamLimits,
): Promise<Response> {
  const writer = writers[form];
  const utf8 = new TextEncoder();
  let first: IteratorResult<unknown, undefined> | undefined = await stream.next();
  const waiting = new WaitingItems(stream, limits);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      waiting.onGivenUp = () => {
        waiting.end();
        void stream.return();
        controller.error(new Error("Nobody reads the stream"));
      };
    },
    async pull(controller) {
      waiting.taken();
      try {
        const next = first ?? await stream.next();
        first = undefined;
        if (next.done) {
          controller.enqueue(utf8.encode(writer.end(await stream.report)));
          controller.close();
          return waiting.end();
        }
        const bytes = utf8.encode(writer.item(next.value));
        controller.enqueue(bytes);
        waiting.drawn(bytes.length);
      } catch (error) {
        controller.enqueue(utf8.encode(writer.error(toRpcError(error))));
        controller.close();
        waiting.end();
      }
    },
    cancel() {
      waiting.end();
      void stream.return();
    },
  }, { highWaterMark: 0 });
  return reply(body, {
    headers: { "content-type": writer.type, ...unbuffered },
  });
}

/** Items of a stream that wait for its reader: the one that was drawn, and those behind it. */
class WaitingItems implements BudgetHolder {
  readonly owner: string;
  readonly #stream: ItemStream;
  readonly #clock: Clock;
  readonly #unread: Budget;
  #stall: Deadline | undefined;
  #drawn = 0;
  #drawnBytes = 0;
  /** Called when the reader takes nothing for too long, or when others need the room. */
  onGivenUp: () => void = () => {};

  constructor(stream: ItemStream, { clock, unread, owner }: StreamLimits) {
    this.owner = owner;
    this.#stream = stream;
    this.#clock = clock;
    this.#unread = unread;
  }

  heldBytes(): number {
    return this.#drawnBytes + this.#stream.heldBytes;
  }

  progress(): number {
    return this.#drawn;
  }

  giveUp(): void {
    this.onGivenUp();
  }

  /** The reader wants the next item. */
  taken(): void {
    this.#stall?.cancel();
    this.#drawn++;
    this.#drawnBytes = 0;
  }

  /** An item of that many bytes waits for the reader. */
  drawn(bytes: number): void {
    this.#drawnBytes = bytes;
    const wheel = DeadlineWheel.of(this.#clock);
    const nowMs = this.#clock.now();
    this.#stall = wheel.add(nowMs + gatewayStuckMs, () => {
      this.#stall = wheel.add(nowMs + writeStallTimeoutMs, () => this.giveUp());
      // Items that have arrived since then wait too.
      this.#unread.count(this);
    });
    this.#unread.count(this);
  }

  /** Nothing waits any more. */
  end(): void {
    this.#stall?.cancel();
    this.#unread.forget(this);
  }
}

function endOf({ server, items }: StreamReport): Record<string, unknown> {
  return { items: items ?? 1, ...(server === undefined ? {} : { server }) };
}

function toRpcError(error: unknown): RpcError {
  return isRpcError(error) ? error : new RpcError("InternalError", messageOf(error));
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}
