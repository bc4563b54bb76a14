import { messageOf, RpcError } from "../base/errors.ts";
import { readBufferBytes } from "../base/limits.ts";
import { LazyCallContext } from "../procedures/call_context.ts";
import { invoke, isThenable } from "../procedures/invoke.ts";
import { toOpenRpc } from "../procedures/openrpc.ts";
import type { Procedure, Procedures } from "../procedures/procedure.ts";
import { BadMessage, decodeRequest, encodeError, encodeResult } from "../wire/codec.ts";
import { LineSplitter } from "../wire/lines.ts";
import { cancelledId, type Id, type Request, reservedMethods } from "../wire/message.ts";
import { Outbox } from "../wire/outbox.ts";
import { stackOf, takeStdio, type WorkerIo } from "./worker_stdio.ts";

/**
 * The child's side: answers JSON-RPC lines from stdin on stdout until stdin ends, which it also does
 * when the parent dies. Resolves then; the caller exits, whatever still runs.
 *
 * `cpu` procedures run one at a time, in order, and the answer to one is written whole before the
 * next begins: when the process dies, everything after the first call without an answer has
 * not begun. `io` procedures run at once. `inline` ones, which another process would run inline, count
 * as `cpu` here. `rpc.discover`, `rpc.ping` and `rpc.cancel` are understood.
 *
 * @param io @default the process's own, see {@link takeStdio}
 */
export function runWorker(procedures: Procedures, io: WorkerIo = takeStdio()): Promise<void> {
  return new Worker(procedures, io).run();
}

/** One call that waits or runs here. `id` is `undefined` for a notification. */
interface Call {
  readonly id: Id | undefined;
  readonly method: string;
  readonly procedure: Procedure;
  readonly params: Request["params"];
  readonly context: LazyCallContext;
}

class Worker {
  readonly #procedures: ReadonlyMap<string, Procedure>;
  readonly #document: unknown;
  readonly #io: WorkerIo;
  readonly #outbox: Outbox;
  readonly #encoder = new TextEncoder();
  readonly #concurrent = new Set<Call>();
  #waiting: Call[] = [];
  #running: Call | undefined;

  constructor(procedures: Procedures, io: WorkerIo) {
    this.#procedures = new Map(Object.entries(procedures));
    this.#document = toOpenRpc(procedures, { title: "worker", version: "0" });
    this.#io = io;
    // Written synchronously, like all the rest: an answer of a `cpu` call never lands inside of another.
    const write = (bytes: Uint8Array) => Promise.resolve(io.writeSync(bytes));
    this.#outbox = new Outbox({ write }, () => {});
  }

  async run(): Promise<void> {
    const splitter = new LineSplitter();
    const buffer = new Uint8Array(readBufferBytes);
    while (!splitter.overflowed) {
      const length = await this.#io.read(buffer);
      if (length === null) return;
      for (const line of splitter.push(buffer.subarray(0, length))) {
        if (typeof line === "string") this.#take(line);
        else this.#writeNow(encodeError(null, line));
      }
      // After the whole read, so that a cancellation overtakes the call that it cancels.
      this.#runNext();
    }
  }

  #take(line: string): void {
    const message = decodeRequest(line);
    if (message instanceof BadMessage) {
      this.#writeNow(encodeError(message.id, message.error));
    } else if ("method" in message) {
      this.#takeRequest(message);
    } else {
      const text = "Cannot take a batch: a worker has no use for it";
      this.#writeNow(encodeError(null, new RpcError("InvalidRequest", text)));
    }
  }

  #takeRequest({ id, method, params }: Request): void {
    switch (method) {
      case reservedMethods.discover:
        return this.#answerNow(id, this.#document);
      case reservedMethods.ping:
        return this.#answerNow(id, "pong");
      case reservedMethods.cancel:
        return this.#cancel(params);
    }
    const procedure = this.#procedures.get(method);
    if (procedure === undefined) {
      const error = new RpcError("MethodNotFound", `Cannot find ${method} in the worker`);
      if (id !== undefined) this.#writeNow(encodeError(id, error));
      return;
    }
    const call = { id, method, procedure, params, context: new LazyCallContext() };
    if (procedure.kind !== "io") this.#waiting.push(call);
    else void this.#runConcurrently(call);
  }

  /** Runs what waits: in a loop and not by recursion, since all may be synchronous. */
  #runNext(): void {
    while (this.#running === undefined) {
      const call = this.#waiting.shift();
      if (call === undefined) return;
      let result: unknown;
      try {
        result = invoke(call.method, call.procedure, call.params, call.context);
      } catch (error) {
        this.#writeNow(this.#failure(call, error));
        continue;
      }
      if (!isThenable(result)) {
        this.#writeNow(this.#success(call, result));
        continue;
      }
      this.#running = call;
      void this.#finishRunning(call, result);
    }
  }

  async #finishRunning(call: Call, result: PromiseLike<unknown>): Promise<void> {
    const line = await this.#outcome(call, result);
    this.#writeNow(line);
    this.#running = undefined;
    this.#runNext();
  }

  async #runConcurrently(call: Call): Promise<void> {
    this.#concurrent.add(call);
    const line = await this.#outcome(call);
    // Cancelled meanwhile, which has been answered.
    if (!this.#concurrent.delete(call)) return;
    if (line !== undefined) this.#outbox.push(line);
  }

  /** The answer to a call that takes time. Never throws. */
  async #outcome(call: Call, started?: PromiseLike<unknown>): Promise<string | undefined> {
    try {
      const result = started ?? invoke(call.method, call.procedure, call.params, call.context);
      return this.#success(call, await result);
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
      return this.#writeNow(encodeError(id, error));
    }
    if (this.#running?.id === id) this.#running.context.abort();
    for (const call of [...this.#concurrent].filter(isMeant)) {
      // Answered at once: a procedure that does not heed its signal would hold its place for ever.
      this.#concurrent.delete(call);
      call.context.abort();
      this.#writeNow(encodeError(id, new RpcError("Cancelled", `Cancelled ${call.method}`)));
    }
  }

  #success(call: Call, result: unknown): string | undefined {
    if (call.id === undefined) return undefined;
    try {
      return encodeResult(call.id, result);
    } catch (error) {
      return this.#failure(call, error);
    }
  }

  #failure(call: Call, thrown: unknown): string | undefined {
    const error = thrown instanceof RpcError
      ? thrown
      : new RpcError("InternalError", messageOf(thrown), { cause: thrown });
    if (error.name === "InternalError" && !call.context.isAborted) {
      this.#io.warn(`${call.method} failed: ${stackOf(error.cause ?? error)}`);
    }
    return call.id === undefined ? undefined : encodeError(call.id, error);
  }

  #answerNow(id: Id | undefined, result: unknown): void {
    if (id !== undefined) this.#writeNow(encodeResult(id, result));
  }

  /** Writes the line whole before it returns. */
  #writeNow(line: string | undefined): void {
    if (line === undefined) return;
    let bytes = this.#encoder.encode(line);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(this.#io.writeSync(bytes));
    } catch {
      // The parent has gone. Stdin ends too, and until then there is nobody to work for.
      this.#waiting = [];
    }
  }
}
