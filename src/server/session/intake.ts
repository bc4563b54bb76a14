import { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import { BadMessage, decodeRequest } from "../../wire/decode_request.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import type { Request, UnreadRequest } from "../../wire/message.ts";
import { lineText } from "../../wire/unread/bytes.ts";
import { readRequestUnread } from "../../wire/unread/read_unread.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import { httpAnswer, isHttp } from "../bounds/http.ts";
import { refusals } from "../bounds/reasons.ts";
import type { Turn } from "../bounds/turns.ts";
import type { Peer } from "../reply.ts";
import type { RequestTaker } from "../tracing.ts";
import { type AnswerSink, BatchAnswers } from "./batch_answers.ts";
import type { OpenCalls } from "./open_calls.ts";
import { SessionCall, type SessionCallOwner } from "./session_call.ts";
import { type ItemOutlet, StreamSessionCall } from "./stream_session_call.ts";

type Batch = readonly (Request | BadMessage)[];

/** The connection, as what takes its messages sees it. */
export interface IntakeOwner extends Peer, SessionCallOwner, ItemOutlet, AnswerSink {
  /** Nothing more is to be taken. */
  readonly isClosed: boolean;
  /** What the client takes, as far as it has said. */
  readonly bound: MessageBound;
  /**
   * Resolves when one more request of so many bytes may begin; `undefined`: at once.
   */
  hold(turn: Turn, bytes: number): Promise<void> | undefined;
  /** Tells the peer why it is not listened to any longer, and closes when it has read that. */
  refuse(answer: string): void;
}

/** Takes the messages of one connection: begins the requests, and answers what is none. */
export class Intake {
  readonly #session: IntakeOwner;
  readonly #calls: OpenCalls;
  readonly #dispatcher: RequestTaker;

  constructor(session: IntakeOwner, calls: OpenCalls, dispatcher: RequestTaker) {
    this.#session = session;
    this.#calls = calls;
    this.#dispatcher = dispatcher;
  }

  /** Takes a message. A batch's members may have to wait for each other. */
  take(line: AnyLine, turn: Turn): Promise<void> | undefined {
    if (line instanceof RpcError) {
      this.#session.add(encodeError(null, line));
      return undefined;
    }
    const unread = readRequestUnread(line);
    if (unread !== undefined) {
      // A long one is held in its buffer, whatever part of that it takes.
      this.#start(unread, this.#session, typeof line === "string" ? line.length : line.heldBytes);
      return undefined;
    }
    const text = lineText(line);
    if (typeof line !== "string") line.letGo();
    return text instanceof RpcError ? this.take(text, turn) : this.#takeText(text, turn);
  }

  #takeText(line: string, turn: Turn): Promise<void> | undefined {
    const message = decodeRequest(line);
    if ("method" in message) {
      this.#start(message, this.#session, line.length);
    } else if (message instanceof BadMessage) {
      if (message.error.name === "ParseError" && isHttp(line)) this.#session.refuse(httpAnswer);
      else this.#session.add(encodeError(message.id, message.error));
    } else {
      return this.#takeBatch(message, line.length / message.length, turn);
    }
    return undefined;
  }

  /**
   * A member counts as a request on a line of its own does: many of them make no way past the
   * bound.
   */
  async #takeBatch(batch: Batch, bytesEach: number, turn: Turn): Promise<void> {
    const answers = new BatchAnswers(
      batch.length,
      this.#session.bound,
      (answer) => this.#session.add(answer),
    );
    for (const item of batch) {
      // An answer that comes at once takes its time too, however short the request was.
      const held = this.#session.hold(turn, bytesEach + answers.takeNewLength());
      if (held !== undefined) await held;
      if (this.#session.isClosed) return;
      if ("method" in item) this.#start(item, answers, bytesEach);
      else answers.add(encodeError(item.id, item.error));
    }
  }

  #start(request: UnreadRequest, sink: AnswerSink, bytes: number): void {
    if (request.meta?.stream !== undefined) return this.#startStream(request, sink, bytes);
    const call = new SessionCall(request.id, sink, bytes, request.unread);
    if (!this.#calls.hasRoomFor(bytes)) return call.fail(refusals.request);
    const handle = this.#dispatcher.dispatch(request, call, this.#session);
    if (handle === undefined || call.isAnswered) return;
    this.#follow(call, handle);
  }

  #follow(call: SessionCall, handle: TaskHandle): void {
    call.follow(this.#session, handle);
    this.#calls.add(call);
  }

  #startStream({ meta, ...request }: UnreadRequest, sink: AnswerSink, bytes: number): void {
    const { id } = request;
    const { stream: credit, ...plainMeta } = meta ?? {};
    // A notification has nowhere to send items to.
    if (id === undefined || credit === undefined) {
      return this.#start({ ...request, meta: plainMeta }, sink, bytes);
    }
    const call = new StreamSessionCall(id, sink, bytes, credit, this.#session);
    if (!this.#calls.hasRoomFor(bytes)) return call.fail(refusals.request);
    if (!this.#calls.hasRoomForStream(bytes)) {
      const { size } = this.#calls.streams;
      const message = `Cannot start a stream: ${size} are open on this connection already`;
      return call.fail(new RpcError("Overloaded", message));
    }
    const handle = this.#dispatcher.dispatch({ ...request, meta: plainMeta }, call, this.#session);
    if (handle === undefined || call.isAnswered) return;
    this.#follow(call, handle);
  }
}
