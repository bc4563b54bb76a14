import { RpcError } from "../../base/errors.ts";
import { Bag, type Bagged } from "../../base/values/bag.ts";
import { oneStringBytesMax, readBufferBytes } from "../../base/limits.ts";
import { systemClock } from "../../base/clock.ts";
import { giveWay } from "../../base/system/give_way.ts";
import { LazyCallContext } from "../../procedures/call_context.ts";
import { toFailure } from "../../procedures/failure.ts";
import { invoke, isThenable } from "../../procedures/invoke.ts";
import { toOpenRpc } from "../../procedures/documents/describe.ts";
import {
  type AnyProcedure,
  type AnyProcedures,
  PlainProcedure,
} from "../../procedures/plain/plain_procedure.ts";
import { type Run, startStream } from "../../procedures/stream_run.ts";
import { encodeError, encodeItems, encodeResult } from "../../wire/codec.ts";
import { type AnyLine, LineSplitter } from "../../wire/lines.ts";
import type { Id, Request } from "../../wire/message.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { BadMessage, LazyBatch } from "../../wire/requests/incoming.ts";
import { readRequest } from "../../wire/requests/read_request.ts";
import { cancelledId, moreParams } from "../../wire/requests/request_checks.ts";
import { lineText } from "../../wire/unread/bytes.ts";
import { idAtBeginning } from "../../wire/unread/frames.ts";
import { loadLongest } from "../../wire/unread/long_texts.ts";
import { readTextRequest, resultLineOfText } from "../../wire/unread/texts.ts";
import { isTooLongDescription, tooLongDescription } from "../description.ts";
import { Claims } from "../claim_file.ts";
import { blockedMsMax, blockedReadMs, blockedReadsMax } from "../limits.ts";
import { boundOfWorker } from "../message_max.ts";
import { longestLineOf } from "../../wire/message_bound.ts";
import { OwnBodies } from "./own_bodies.ts";
import { type Line, WorkerOutput } from "./worker_output.ts";
import { takeStdio, type WorkerIo } from "./worker_stdio.ts";

/**
 * The child's side: it answers JSON-RPC lines from stdin on stdout until stdin ends, also because
 * the server died. Then it resolves; the caller exits, whatever still runs.
 *
 * `cpu` procedures run one at a time, in order. Before the next one begins each answer is written
 * completely, or kept where the server can read it. So when the process dies, all calls after the
 * first unanswered one have not begun. `io` procedures run concurrently. `inline` ones count as
 * `cpu` here. It understands `rpc.discover`, `rpc.ping`, `rpc.cancel` and `rpc.more`.
 *
 * @param io @default the process's own, see {@link takeStdio}
 * @param claims @default the file that the server names in the environment, if any
 * @param bodies @default likewise, once a long line comes
 */
export function runWorker(
  procedures: AnyProcedures,
  io: WorkerIo = takeStdio(),
  claims: Claims | undefined = Claims.join(),
  bodies: OwnBodies = OwnBodies.ofServer(),
): Promise<void> {
  return new Worker(procedures, io, claims, bodies).run();
}

/** One call that waits or runs here. `id` is `undefined` for a notification. */
interface Call extends Bagged {
  readonly id: Id | undefined;
  readonly method: string;
  readonly procedure: AnyProcedure;
  readonly params: Request["params"];
  readonly context: LazyCallContext;
  /** Draws the items, if the procedure is a stream. */
  readonly stream: Run | undefined;
}

const pinging: Omit<Call, "id" | "method"> = {
  procedure: new PlainProcedure({
    ...{ names: [], kind: "io", idempotent: true, description: "", stream: false },
    ...{ params: [], result: {}, isOpen: true },
    run: () => Promise.resolve("pong"),
    load: () => Promise.reject(new Error("A ping has no parameters to be looked into")),
  }),
  params: undefined,
  context: new LazyCallContext(undefined),
  stream: undefined,
  at: undefined,
};

const notBegun = new RpcError("Cancelled", "Taken back before it began", { executed: "no" });

class Worker {
  readonly #procedures: ReadonlyMap<string, AnyProcedure>;
  readonly #document: unknown;
  readonly #io: WorkerIo;
  readonly #claims: Claims | undefined;
  readonly #bodies: OwnBodies;
  readonly #output: WorkerOutput;
  readonly #bound = boundOfWorker();
  readonly #concurrent = new Bag<Call>();
  #waiting: Call[] = [];
  /** When the current requests were read, with one look at the clock for all of one read. */
  #readAtMs: number | undefined;
  #running: Call | undefined;
  /** Reads in a row for which the thread was blocked. */
  #blockedReads = blockedReadsMax;
  /** When the runtime last had a turn. */
  #turnAtMs = 0;

  constructor(
    procedures: AnyProcedures,
    io: WorkerIo,
    claims: Claims | undefined,
    bodies: OwnBodies,
  ) {
    this.#procedures = new Map(Object.entries(procedures));
    this.#document = toOpenRpc(procedures, { title: "worker", version: "0" });
    this.#io = io;
    this.#claims = claims;
    this.#bodies = bodies;
    this.#output = new WorkerOutput({
      writeSync: (bytes) => io.writeSync(bytes),
      kept: claims?.kept,
      bodies,
      // Nobody waits for the calls.
      gone: () => this.#waiting = [],
    });
  }

  async run(): Promise<void> {
    const longest = longestLineOf(this.#bound);
    if (longest > oneStringBytesMax) await loadLongest();
    const splitter = new LineSplitter(longest);
    const buffer = new Uint8Array(readBufferBytes);
    while (!splitter.overflowed) {
      // The rest of a long line follows at once, so it is read without another thread.
      const { room } = splitter;
      this.#readAtMs = undefined;
      const length = room !== undefined || await this.#comesSoon()
        ? this.#io.readSync(room ?? buffer)
        : await this.#readInTurn(buffer);
      if (length === null) return;
      for (const line of splitter.pushLong((room ?? buffer).subarray(0, length))) {
        const taking = this.#takeLine(this.#bodies.take(line));
        if (taking !== undefined) await taking;
      }
      // After the whole read, so that a cancellation comes before the call that it cancels.
      this.#runNext();
    }
  }

  /** Whether there is more to read in a moment. This blocks for that if no call is under way. */
  async #comesSoon(): Promise<boolean> {
    const io = this.#io;
    if (io.waitForInput === undefined) return false;
    const isFlushed = await this.#output.flush();
    const isIdle = isFlushed && this.#running === undefined && this.#concurrent.size === 0;
    const mayBlock = isIdle && this.#blockedReads < blockedReadsMax;
    if (mayBlock && systemClock.now() - this.#turnAtMs >= blockedMsMax) await this.#turn();
    const comes = mayBlock && io.waitForInput(blockedReadMs);
    this.#blockedReads = comes ? this.#blockedReads + 1 : 0;
    return comes;
  }

  /**
   * Gives the runtime a turn, which it had none of for long, because of long calls. To read by
   * another thread would do so too, but the next of such calls mostly waits already.
   */
  async #turn(): Promise<void> {
    await new Promise<void>(giveWay);
    this.#turnAtMs = systemClock.now();
  }

  /** Reads whenever something comes, and lets the runtime do all else until then. */
  async #readInTurn(buffer: Uint8Array): Promise<number | null> {
    const length = await this.#io.read(buffer);
    this.#readAtMs = this.#turnAtMs = systemClock.now();
    return length;
  }

  #takeLine(line: AnyLine): Promise<void> | undefined {
    if (typeof line === "string") return this.#take(line);
    if (line instanceof RpcError) return void this.#output.writeNow(encodeError(null, line));
    const request = readTextRequest(line);
    const text = request === undefined ? lineText(line) : undefined;
    line.letGo();
    if (request === undefined) return this.#takeLine(text as string | RpcError);
    if ("method" in request) this.#takeRequest(request);
    else this.#output.writeNow(encodeError(request.id, request.error));
    return undefined;
  }

  #take(line: string): Promise<void> | undefined {
    const message = readRequest(line);
    if (message instanceof Promise) return message.then((read) => this.#takeMessage(read, line));
    if (message instanceof LazyBatch) {
      const text = "Cannot take a batch: a worker has no use for it";
      this.#output.writeNow(encodeError(null, new RpcError("InvalidRequest", text)));
    } else {
      this.#takeMessage(message, line);
    }
    return undefined;
  }

  #takeMessage(message: Request | BadMessage, line: string): void {
    if (!(message instanceof BadMessage)) return this.#takeRequest(message);
    this.#output.writeNow(encodeError(message.id ?? idAtBeginning(line), message.error));
  }

  #takeRequest({ id, method, params, meta }: Request): void {
    switch (method) {
      case reservedMethods.discover:
        return this.#describe(id);
      case reservedMethods.ping:
        // A ping goes the way of a call that takes time: it is to show that calls can be answered,
        // and not just that somebody reads.
        return void this.#runConcurrently({ id, method, ...pinging });
      case reservedMethods.cancel:
        return this.#cancel(params);
      case reservedMethods.more:
        return this.#more(params);
    }
    const procedure = this.#procedures.get(method);
    if (procedure === undefined) {
      // The server only sends methods that were offered, and will explain why it is missing.
      const error = new RpcError("MethodNotFound", `Cannot find ${method} in the worker`);
      if (id !== undefined) this.#output.writeNow(encodeError(id, error));
      return;
    }
    const { traceparent, caller, timeoutMs } = meta ?? {};
    const context = new LazyCallContext(traceparent, caller, systemClock, timeoutMs);
    // Counted from here, since it may have to wait for other calls.
    if (timeoutMs !== undefined) {
      context.deadlineAtMs = (this.#readAtMs ??= systemClock.now()) + timeoutMs;
    }
    const stream = procedure.stream
      ? this.#newStream({ id, method, procedure, params, context, at: undefined }, meta?.stream)
      : undefined;
    const call: Call = { id, method, procedure, params, context, stream, at: undefined };
    if (procedure.kind !== "io") this.#waiting.push(call);
    else void this.#runConcurrently(call);
  }

  #newStream(call: Omit<Call, "stream">, credit: number | undefined): Run {
    const { id, procedure: { kind } } = call;
    if (id === undefined || credit === undefined) {
      return startStream({ ...call, messageMax: this.#bound.bytes }, undefined);
    }
    return startStream(call, {
      credit,
      items: (items) => {
        const line = encodeItems(id, items, this.#bound);
        if (kind === "io") this.#output.push(line);
        else this.#output.writeNow(line);
      },
    });
  }

  /** Runs a procedure: by `invoke`, or as a stream. */
  #invoke({ method, procedure, params, context, stream }: Call): unknown {
    return stream === undefined ? invoke(method, procedure, params, context) : stream.run();
  }

  /** Runs waiting calls, in a loop and not by recursion, since all may be synchronous. */
  #runNext(): void {
    const waiting = this.#waiting.length;
    if (waiting <= 1 || !this.#output.keeps) return this.#runWaiting();
    const startMs = systemClock.now();
    this.#runWaiting();
    this.#output.writeKept();
    this.#output.measured(waiting - this.#waiting.length, systemClock.now() - startMs);
  }

  #runWaiting(): void {
    while (this.#running === undefined) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      if (!this.#begins(call)) {
        this.#output.writeOrKeep(this.#failure(call, notBegun), this.#waiting.length === 0);
        continue;
      }
      let result: unknown;
      try {
        result = this.#invoke(call);
      } catch (error) {
        this.#output.writeOrKeep(this.#failure(call, error), this.#waiting.length === 0);
        continue;
      }
      if (!isThenable(result)) {
        this.#output.writeOrKeep(this.#success(call, result), this.#waiting.length === 0);
        continue;
      }
      this.#running = call;
      void this.#finishRunning(call, result);
    }
  }

  /** Claims a call. Returns `false` if the server has taken it back. */
  #begins({ id }: Call): boolean {
    return this.#claims === undefined || typeof id !== "number" || this.#claims.claim(id);
  }

  async #finishRunning(call: Call, result: PromiseLike<unknown>): Promise<void> {
    const line = await this.#outcome(call, result);
    this.#output.writeNow(line);
    this.#running = undefined;
    this.#runNext();
  }

  /**
   * Begins a call beside others. One that returns at once is answered at once: a promise of it
   * would take longer than it does.
   */
  #runConcurrently(call: Call): Promise<void> | undefined {
    let line: Line;
    try {
      const result = this.#invoke(call);
      if (isThenable(result)) return this.#finishConcurrently(call, result);
      line = this.#success(call, result);
    } catch (error) {
      line = this.#failure(call, error);
    }
    this.#output.push(line);
    return undefined;
  }

  async #finishConcurrently(call: Call, result: PromiseLike<unknown>): Promise<void> {
    this.#concurrent.add(call);
    const line = await this.#outcome(call, result);
    // It was cancelled and answered meanwhile.
    if (!this.#concurrent.delete(call)) return;
    this.#output.push(line);
  }

  /** The answer to a call that takes time. Never throws. */
  async #outcome(
    call: Call,
    started: PromiseLike<unknown>,
  ): Promise<Line> {
    try {
      return this.#success(call, await started);
    } catch (error) {
      return this.#failure(call, error);
    }
  }

  #cancel(params: Request["params"]): void {
    const id = cancelledId(params);
    if (id === undefined) return;
    const isMeant = (call: Call) => call.id === id;
    const waiting = this.#waiting.find(isMeant);
    if (waiting !== undefined) {
      this.#waiting = this.#waiting.filter((call) => call !== waiting);
      const error = new RpcError("Cancelled", `Cancelled ${waiting.method} before it began`, {
        executed: "no",
      });
      return this.#output.writeNow(encodeError(id, error));
    }
    if (this.#running?.id === id) abort(this.#running);
    for (const call of this.#concurrent.all().filter(isMeant)) {
      // Answered at once: a procedure may ignore its signal, and would hold its place for ever.
      this.#concurrent.delete(call);
      abort(call);
      this.#output.writeNow(encodeError(id, new RpcError("Cancelled", `Cancelled ${call.method}`)));
    }
  }

  #more(params: Request["params"]): void {
    const read = moreParams(params);
    if (read === undefined) return;
    for (const call of [this.#running, ...this.#concurrent.all(), ...this.#waiting]) {
      if (call?.id === read.id) call.stream?.more(read.n);
    }
  }

  #success(call: Call, result: unknown): Line {
    if (call.id === undefined) return undefined;
    try {
      return resultLineOfText(call.id, result, this.#bound);
    } catch (error) {
      return this.#failure(call, error);
    }
  }

  #failure(call: Call, thrown: unknown): string | undefined {
    const error = thrown instanceof RpcError ? thrown : toFailure(call.method, thrown);
    if (error.name === "InternalError" && !call.context.isAborted) {
      this.#io.failed(`${call.method} failed`, error.cause === undefined ? error : error.cause);
    }
    return call.id === undefined ? undefined : encodeError(call.id, error);
  }

  #describe(id: Id | undefined): void {
    if (!isTooLongDescription(this.#document)) return this.#answerNow(id, this.#document);
    const error = new RpcError("InternalError", `Cannot start a worker: ${tooLongDescription}`);
    if (id !== undefined) this.#output.writeNow(encodeError(id, error));
  }

  #answerNow(id: Id | undefined, result: unknown): void {
    if (id !== undefined) this.#output.writeNow(encodeResult(id, result));
  }
}

/** Nobody waits for the call any more. */
function abort({ context, stream }: Call): void {
  if (stream === undefined) context.abort();
  else stream.cancel();
}
