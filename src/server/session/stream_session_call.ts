import { type Failure, RpcError } from "../../base/errors.ts";
import { streamWindowMax } from "../../base/limits.ts";
import { streamWindowAtFirst, streamWindowBytes } from "../limits.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import { encodeItems } from "../../wire/codec.ts";
import type { Id, UnreadJson } from "../../wire/message.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import type { AnswerSink } from "./batch_answers.ts";
import { SessionCall } from "./session_call.ts";

/** Its client has cancelled nothing, and may still be there, behind a network that cut one way. */
const starved = "Cannot go on with the stream: its client's side of the connection has ended, so " +
  "no more items can be granted";

/** The connection, as its streams need it. */
export interface ItemOutlet {
  /** Whether the peer leaves so much unread that no more items are to be made. */
  readonly isFull: boolean;
  /**
   * Writes a line of items.
   *
   * @throws {RpcError} InternalError: the peer leaves so much unread that there is no room
   */
  send(line: string): void;
  /** Resolves when all output is written, or never will be. */
  drained(): Promise<void>;
}

/**
 * A request for a stream. It passes the client's credit on to the procedure in small parts, and
 * none while the client leaves much unread. So a stream takes little memory, whatever was granted.
 */
export class StreamSessionCall extends SessionCall {
  /** Takes the items from the dispatcher. */
  readonly stream: ItemSink;
  readonly #id: Id;
  readonly #outlet: ItemOutlet;
  readonly #bound: MessageBound;
  /** Credit that the client has granted and that was not passed on. */
  #credit: number;
  /** Credit that was passed on and has not come back as items. */
  #outstanding: number;
  /** Most items outstanding: fewer if they are long. */
  #window = streamWindowAtFirst;
  #isWaiting = false;
  #wasStarved = false;
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

  /** The client grants more items. */
  more(n: number): void {
    this.#credit += n;
    this.#grant();
  }

  /**
   * Cancels it if it had no credit at the last look either. To be called at each look where its
   * client cannot grant any more. A worker may tell the end of its items without credit, but does
   * so at once.
   */
  cancelIfStarved(): void {
    const isStarved = this.#credit === 0 && this.#outstanding === 0;
    if (isStarved && this.#wasStarved) {
      this.#failure ??= new RpcError("Cancelled", starved);
      this.cancel();
    }
    this.#wasStarved = isStarved;
  }

  /** The result of a stream is the number of its items, counted here. */
  override succeed(result: unknown): void {
    super.succeed(this.#count ?? result);
  }

  override succeedWithJson(json: UnreadJson): void {
    if (this.#count === undefined) super.succeedWithJson(json);
    else super.succeed(this.#count);
  }

  override fail(error: Failure): void {
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

  /** Widens the window for short items, narrows it for long ones. */
  #adapt(itemBytes: number): void {
    const fitting = Math.floor(streamWindowBytes / itemBytes);
    this.#window = Math.max(1, Math.min(this.#window * 2, streamWindowMax, fitting));
  }

  #grant(): void {
    const { handle } = this;
    // A tap tells its first item before there is anybody to grant more to.
    if (handle === undefined) return;
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
    handle.more(n);
  }
}
