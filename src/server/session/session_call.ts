import { type Failure, RpcError } from "../../base/errors.ts";
import { encodeError, encodeJsonResult, encodeResult } from "../../wire/codec.ts";
import type { Bagged } from "../../base/values/bag.ts";
import type { Id, LongLine, UnreadJson } from "../../wire/message.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import type { AnswerSink } from "./batch_answers.ts";
import type { Reply } from "../reply.ts";

/** The session, as its calls need it. */
export interface SessionCallOwner {
  /** Called when a call that is followed was answered. */
  answered(call: SessionCall): void;
}

type State =
  | "new"
  | "answered"
  | { readonly owner: SessionCallOwner; readonly handle: TaskHandle };

/** One request of a connection, from its line to the line of its answer. */
export class SessionCall implements Reply, Bagged {
  /** `undefined` for a notification. */
  readonly id: Id | undefined;
  /** How many bytes of the connection's bound it takes. */
  readonly bytes: number;
  /** Its place among the open calls of its connection, while it is one of them. */
  at: number | undefined;
  readonly #sink: AnswerSink;
  readonly #unread: UnreadJson | undefined;
  #state: State = "new";

  /** @param unread its unparsed parameters, held until the answer. @default they are parsed */
  constructor(id: Id | undefined, sink: AnswerSink, bytes: number, unread?: UnreadJson) {
    this.id = id;
    this.bytes = bytes;
    this.#sink = sink;
    this.#unread = unread;
  }

  /** Whether the answer was given. */
  get isAnswered(): boolean {
    return this.#state === "answered";
  }

  /** Follows a call that takes time: `owner` is told of its end, and may cancel it. */
  follow(owner: SessionCallOwner, handle: TaskHandle): void {
    this.#state = { owner, handle };
  }

  /** The handle of a followed call, until it is answered. */
  protected get handle(): TaskHandle | undefined {
    return typeof this.#state === "object" ? this.#state.handle : undefined;
  }

  /** Cancels a followed call. It is answered like any other. */
  cancel(): void {
    this.handle?.cancel();
  }

  succeed(result: unknown): void {
    const { id } = this;
    if (id === undefined) return this.#answer(undefined);
    const state = this.#state;
    this.#state = "answered";
    if (this.#sink.addShort(id, result)) return this.#end(state);
    this.#state = state;
    let line: string;
    try {
      line = encodeResult(id, result, this.#sink.bound);
    } catch (error) {
      line = encodeError(id, RpcError.from(error));
    }
    this.#answer(line);
  }

  succeedWithJson(result: UnreadJson): void {
    const { id } = this;
    if (id === undefined) return this.#answer(undefined);
    let line: string | LongLine;
    try {
      line = encodeJsonResult(id, result, this.#sink.bound);
    } catch (error) {
      line = encodeError(id, RpcError.from(error));
    }
    this.#answer(line);
  }

  fail(error: Failure): void {
    const { id } = this;
    if (id === undefined) return this.#answer(undefined);
    // A line that is not JSON has no known id.
    this.#answer(encodeError(error.name === "ParseError" ? null : id, error));
  }

  #answer(line: string | LongLine | undefined): void {
    const state = this.#state;
    this.#state = "answered";
    this.#sink.add(line);
    this.#end(state);
  }

  #end(before: State): void {
    if (typeof this.#unread === "object" && before !== "answered") this.#unread.letGo();
    if (typeof before === "object") before.owner.answered(this);
  }
}
