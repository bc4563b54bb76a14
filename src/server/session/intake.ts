import { RpcError } from "../../base/errors.ts";
import { oneStringBytesMax } from "../../base/limits.ts";
import { encodeError } from "../../wire/codec.ts";
import type { AnyLine } from "../../wire/lines.ts";
import { type MessageBound, TooLongError, withinOneString } from "../../wire/message_bound.ts";
import type { Id, Request, UnreadRequest } from "../../wire/message.ts";
import { BadMessage, LazyBatch } from "../../wire/requests/incoming.ts";
import { type Incoming, readRequest } from "../../wire/requests/read_request.ts";
import type { LentBytes } from "../../base/spare_buffers.ts";
import { type LongWork, veryLongBytes } from "../../base/system/give_way.ts";
import { ShortRequest } from "../../wire/short_lines.ts";
import { beginningOf, lineText } from "../../wire/unread/bytes.ts";
import { readRequestInTurns, readRequestUnread } from "../../wire/unread/read_unread.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import { httpAnswer, isHttp } from "../bounds/http.ts";
import { refusals } from "../bounds/reasons.ts";
import type { Turn } from "../turns/turn.ts";
import type { Peer } from "../reply.ts";
import type { RequestTaker } from "../tracing.ts";
import { type AnswerSink, BatchAnswers } from "./batch_answers.ts";
import type { OpenCalls } from "./open_calls.ts";
import { SessionCall, type SessionCallOwner } from "./session_call.ts";
import { type ItemOutlet, StreamSessionCall } from "./stream_session_call.ts";

/** The connection, as its {@link Intake} needs it. */
export interface IntakeOwner extends Peer, SessionCallOwner, ItemOutlet, AnswerSink {
  /** Whether no more messages are to be taken. */
  readonly isClosed: boolean;
  /** The longest message that the client takes, as far as it has told. */
  readonly bound: MessageBound;
  /**
   * Resolves when another request of so many bytes may begin; `undefined`: at once.
   *
   * @param hasBegun whether it is one of several that are held until the last has begun
   */
  hold(turn: Turn, bytes: number, hasBegun?: boolean): Promise<void> | undefined;
  /** Tells the peer why nothing more is read from it, and closes when the peer has read that. */
  refuse(answer: string): void;
}

/** An id that comes first is within so many bytes. */
const idLooked = 128;

/** The id of a request of any program that writes it before the rest; `null`: another form. */
function idOf(beginning: string): Id {
  const pattern = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,/;
  const [, id] = pattern.exec(beginning) ?? [];
  return id === undefined ? null : Number(id);
}

/** What answers the requests of a connection. */
export interface Answering {
  readonly dispatcher: RequestTaker;
  /** Whether a request for this method may be a stream. */
  readonly isStream: (method: string) => boolean;
}

/** Takes the messages of one connection: starts requests, and answers everything else. */
export class Intake {
  readonly #session: IntakeOwner;
  readonly #calls: OpenCalls;
  readonly #dispatcher: RequestTaker;
  readonly #isStream: (method: string) => boolean;
  readonly #work: LongWork;
  /** Batches that have not been answered. */
  openBatches = 0;

  /** @param work what reads long messages in steps */
  constructor(
    session: IntakeOwner,
    calls: OpenCalls,
    { dispatcher, isStream }: Answering,
    work: LongWork,
  ) {
    this.#session = session;
    this.#calls = calls;
    this.#dispatcher = dispatcher;
    this.#isStream = isStream;
    this.#work = work;
  }

  /** Takes a message. The members of a batch may have to wait for each other. */
  take(line: ShortRequest | AnyLine, turn: Turn): Promise<void> | undefined {
    if (line instanceof ShortRequest) {
      this.#start(line, this.#session, line.length);
      return undefined;
    }
    if (line instanceof RpcError) {
      this.#session.add(encodeError(null, line));
      return undefined;
    }
    if (typeof line !== "string" && line.length > veryLongBytes) {
      return this.#takeLong(line, turn);
    }
    return this.#takeRead(line, readRequestUnread(line), turn);
  }

  async #takeLong(line: LentBytes, turn: Turn): Promise<void> {
    const unread = await readRequestInTurns(line, this.#work);
    if (this.#session.isClosed) return line.letGo();
    // Others had their turns meanwhile. The rest cannot be interrupted, and may take long.
    turn.goOn();
    const taking = this.#takeRead(line, unread, turn);
    turn.end();
    await taking;
  }

  #takeRead(
    line: string | LentBytes,
    unread: UnreadRequest | undefined,
    turn: Turn,
  ): Promise<void> | undefined {
    if (unread !== undefined) {
      // A long line occupies its whole buffer.
      this.#start(unread, this.#session, typeof line === "string" ? line.length : line.heldBytes);
      return undefined;
    }
    if (line.length > oneStringBytesMax) return this.#takeOther(line);
    const text = lineText(line);
    if (typeof line !== "string") line.letGo();
    return text instanceof RpcError ? this.take(text, turn) : this.#takeText(text, turn);
  }

  /** Answers a line that is too long to be read here, and is not a request of the usual form. */
  #takeOther(line: string | LentBytes): undefined {
    const beginning = beginningOf(line, idLooked);
    if (typeof line !== "string") line.letGo();
    const { length } = line;
    const error = new TooLongError("InvalidRequest", "Cannot read the message: it is", length, {
      bytes: oneStringBytesMax,
      whose: "but for a request in the form of our clients, which is passed on unread",
    });
    this.#session.add(encodeError(idOf(beginning), error));
  }

  #takeText(line: string, turn: Turn): Promise<void> | undefined {
    const message = readRequest(line);
    if (message instanceof LazyBatch) {
      return this.#takeBatch(message, line.length / message.length, turn);
    }
    if (!(message instanceof Promise)) return void this.#takeMessage(message, line);
    return message.then((read) => {
      if (!this.#session.isClosed) this.#takeMessage(read, line);
    });
  }

  #takeMessage(message: Request | BadMessage, line: string): void {
    if (!(message instanceof BadMessage)) this.#start(message, this.#session, line.length);
    else if (message.error.name === "ParseError" && isHttp(line)) this.#session.refuse(httpAnswer);
    else this.#session.add(encodeError(message.id, message.error));
  }

  /**
   * Each member counts like a request on a line of its own, so a batch does not evade the bounds.
   */
  async #takeBatch(batch: LazyBatch<Incoming>, bytesEach: number, turn: Turn): Promise<void> {
    this.openBatches++;
    const answers = new BatchAnswers(batch.length, withinOneString(this.#session.bound), (line) => {
      this.openBatches--;
      this.#session.add(line);
    });
    for (const read of batch) {
      const item = read instanceof Promise ? await read : read;
      // Immediate answers take time too, however short the request was.
      const held = this.#session.hold(turn, bytesEach + answers.takeNewLength(), true);
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
    // A notification has no id to send items for. Callers who do not know whether a method is a
    // stream ask for one, and a call counts for no stream then.
    if (id === undefined || credit === undefined || !this.#isStream(request.method)) {
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
