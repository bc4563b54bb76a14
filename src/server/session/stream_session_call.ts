import { RpcError } from "../../base/errors.ts";
import { streamWindowAtFirst, streamWindowBytes, streamWindowMax } from "../../base/limits.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import { encodeItems } from "../../wire/codec.ts";
import type { Id, UnreadJson } from "../../wire/message.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import type { AnswerSink } from "./batch_answers.ts";
import { SessionCall } from "./session_call.ts";

/** The connection, as what writes items. */
export interface ItemOutlet {
  /** Whether the peer leaves too much unread for anything more to be made for it. */
  readonly isFull: boolean;
  /**
   * Writes a line of items.
   *
   * @throws {RpcError} InternalError if the peer leaves so much unread that there is no room for it
   */
  send(line: string): void;
  /** Resolves when all is written, or never will be. */
  drained(): Promise<void>;
}

/**
 * A request that asked for a stream. What the client granted is passed on to the procedure in small
 * parts, and none while the client leaves much unread: so a stream takes little memory here,
 * whatever was granted.
 */
export class StreamSessionCall extends SessionCall {
  /** What the dispatcher gives the items to. */
  readonly stream: ItemSink;
  readonly #id: Id;
  readonly #outlet: ItemOutlet;
  readonly #bound: MessageBound;
  /** Granted by the client, and not passed on. */
  #credit: number;
  /** Passed on, and not come back as items. */
  #outstanding: number;
  /** Items that may be outstanding: as many as are short enough. */
  #window = streamWindowAtFirst;
  #isWaiting = false;
  #count: number | undefined;
  #failure: RpcError | undefined;

  constructor(id: Id, sink: AnswerSink, bytes: number, credit: number, outlet: ItemOutlet) {
    super(id, sink, bytes);
    this.#id = id;
    this.#outlet = outlet;
    this.#bound = sink.bound;
    this.#outstanding = Math.min(credit, streamWindowAtFirst);
    this.#credit = credit - this.#outstanding;
    this.stream = { credit: this.#outstanding, items: (items) => this.#items(items) };
  }

  /** The client grants so many more items. */
  more(n: number): void {
    this.#credit += n;
    this.#grant();
  }

  /** The result of a stream is the number of its items, which is counted here. */
  override succeed(result: unknown): void {
    super.succeed(this.#count ?? result);
  }

  override succeedWithJson(json: UnreadJson): void {
    if (this.#count === undefined) super.succeedWithJson(json);
    else super.succeed(this.#count);
  }

  override fail(error: RpcError): void {
    super.fail(this.#failure ?? error);
  }

  #items(items: readonly unknown[]): void {
    if (this.isAnswered || this.#failure !== undefined) return;
    try {
      const line = encodeItems(this.#id, items, this.#bound);
      this.#outlet.send(line);
      if (items.length > 0) this.#adapt(line.length / items.length);
    } catch (error) {
      this.#failure = RpcError.from(error);
      this.cancel();
      return;
    }
    this.#count = (this.#count ?? 0) + items.length;
    this.#outstanding -= items.length;
    this.#grant();
  }

  /** More of short items at once, fewer of long ones. */
  #adapt(itemBytes: number): void {
    const fitting = Math.floor(streamWindowBytes / itemBytes);
    this.#window = Math.max(1, Math.min(this.#window * 2, streamWindowMax, fitting));
  }

  #grant(): void {
    if (this.#credit === 0 || this.#isWaiting || this.#outstanding * 2 > this.#window) return;
    if (this.#outlet.isFull) {
      this.#isWaiting = true;
      void this.#outlet.drained().then(() => {
        this.#isWaiting = false;
        this.#grant();
      });
      return;
    }
    const n = Math.min(this.#credit, this.#window - this.#outstanding);
    this.#credit -= n;
    this.#outstanding += n;
    this.handle?.more(n);
  }
}
