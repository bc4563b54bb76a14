import { RpcError } from "../../base/errors.ts";
import { encodeError, encodeJsonResult, encodeResult } from "../../wire/codec.ts";
import type { Id, LongLine, UnreadJson } from "../../wire/message.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import type { AnswerSink } from "./batch_answers.ts";
import type { Reply } from "../reply.ts";

/** What a call tells its session. */
export interface SessionCallOwner {
  /** A call that {@link SessionCall.follow} was told of has been answered. */
  answered(call: SessionCall): void;
}

/** One request of a connection, from its line to its answer's. */
export class SessionCall implements Reply {
  /** `undefined` for a notification. */
  readonly id: Id | undefined;
  /** How much of the connection's bound on requests it takes. */
  readonly bytes: number;
  readonly #sink: AnswerSink;
  readonly #unread: UnreadJson | undefined;
  #state: "new" | "answered" | { readonly owner: SessionCallOwner; readonly handle: TaskHandle } =
    "new";

  /** @param unread its parameters, which are held until it is answered. @default they are read */
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

  /** The call takes time: `owner` will hear of its end, and may cancel it meanwhile. */
  follow(owner: SessionCallOwner, handle: TaskHandle): void {
    this.#state = { owner, handle };
  }

  /** What the call was followed with, until it is answered. */
  protected get handle(): TaskHandle | undefined {
    return typeof this.#state === "object" ? this.#state.handle : undefined;
  }

  /** Stops the call if it is followed. It is answered then like any other. */
  cancel(): void {
    this.handle?.cancel();
  }

  succeed(result: unknown): void {
    const { id } = this;
    if (id === undefined) return this.#answer(undefined);
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

  fail(error: RpcError): void {
    const { id } = this;
    if (id === undefined) return this.#answer(undefined);
    // Of a line that is not JSON nobody knows an id.
    this.#answer(encodeError(error.name === "ParseError" ? null : id, error));
  }

  #answer(line: string | LongLine | undefined): void {
    const state = this.#state;
    this.#state = "answered";
    this.#sink.add(line);
    if (typeof this.#unread === "object" && state !== "answered") this.#unread.letGo();
    if (typeof state === "object") state.owner.answered(this);
  }
}
