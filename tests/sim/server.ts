import { RpcError } from "../../src/base/errors.ts";
import { encodeError, encodeNotification, encodeResult } from "../../src/wire/codec.ts";
import { ToldLoads } from "../../src/server/told_loads.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../support/decode_request.ts";
import { saidLoad } from "../../src/wire/requests/request_checks.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import type { Id, Request } from "../../src/wire/message.ts";
import { reservedMethods } from "../../src/wire/reserved.ts";
import { CallQueue } from "../../src/workers/pool/call_queue.ts";
import { Shedding, type Waiting } from "../../src/workers/pool/shedding.ts";
import type { Line, Listener, SimNetwork } from "./network.ts";

/** How a server is. */
export interface SimServerOptions {
  /** Calls that it works on at once. */
  readonly workers: number;
  /** How long a call takes, in milliseconds. */
  serviceMs: () => number;
}

/** A call that waits or runs. */
class SimCall implements Waiting<SimCall> {
  readonly line: Line;
  readonly id: Id;
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
  previous: SimCall | undefined;
  next: SimCall | undefined;

  constructor(line: Line, id: Id, submittedAtMs: number, deadlineAtMs: number) {
    this.line = line;
    this.id = id;
    this.submittedAtMs = submittedAtMs;
    this.deadlineAtMs = deadlineAtMs;
  }
}

const idempotent = { methods: [{ name: "work", "x-idempotent": true }] };

/**
 * A server as its clients see one: the real codec, and the real order of what waits; the work is
 * only time.
 */
export class SimServer implements Listener {
  readonly port: number;
  readonly options: SimServerOptions;
  readonly #network: SimNetwork;
  #lines = new Set<Line>();
  #queue = new CallQueue<SimCall>();
  #shedding = new Shedding(this.#queue);
  #loads = new ToldLoads();
  #busy = 0;
  /** Raised when it dies: what ran before is nobody's. */
  #life = 0;
  /** What it does with calls, in place of working. */
  fails: ((id: Id) => RpcError) | undefined;
  isDraining = false;
  /** Calls that came, ended in time, and were worked on in vain. */
  received = 0;
  done = 0;
  wasted = 0;

  constructor(port: number, network: SimNetwork, options: SimServerOptions) {
    this.port = port;
    this.options = options;
    this.#network = network;
    network.listen(port, this);
  }

  /** SIGKILL. */
  die(): void {
    this.#life++;
    this.#network.unlisten(this.port);
    for (const line of this.#lines) line.hangUp();
    this.#lines = new Set();
    this.#loads = new ToldLoads();
    this.#queue = new CallQueue();
    this.#shedding = new Shedding(this.#queue);
    this.#busy = 0;
    this.isDraining = false;
  }

  /** A new process at the same address. */
  start(): void {
    this.#network.listen(this.port, this);
  }

  /** Asks its clients to go, serves on, refuses, and ends. */
  drain(graceMs: number): void {
    const life = this.#life;
    for (const line of this.#lines) {
      line.send(encodeNotification(reservedMethods.goaway));
    }
    this.#network.clock.after(graceMs, () => {
      if (life === this.#life) this.isDraining = true;
    });
    this.#network.clock.after(graceMs + 500, () => {
      if (life === this.#life) this.die();
    });
  }

  accept(line: Line): (bytes: Uint8Array) => void {
    this.#lines.add(line);
    const splitter = new LineSplitter();
    const life = this.#life;
    return (bytes) => {
      for (const text of splitter.push(bytes)) {
        if (life === this.#life && typeof text === "string") this.#take(decodeRequest(text), line);
      }
    };
  }

  #take(request: ReturnType<typeof decodeRequest>, line: Line): void {
    if (request instanceof BadMessage || !("method" in request)) {
      throw new Error("The client sends single requests, and good ones");
    }
    const { method, id, params } = request;
    if (id === undefined) return;
    if (method === reservedMethods.ping) {
      this.#answer(
        line,
        encodeResult(id, params === undefined ? "pong" : this.#told(line, params)),
      );
    } else if (method === reservedMethods.discover) {
      this.#answer(line, encodeResult(id, idempotent));
    } else this.#submit(request, id, line);
  }

  /** The answer to the only ping with parameters. */
  #told(line: Line, params: Request["params"]) {
    for (const one of this.#lines) {
      if (!one.isClosed) continue;
      this.#lines.delete(one);
      this.#loads.forget(one);
    }
    const load = this.#loads.tell(line, saidLoad(params) as number);
    return { connections: this.#lines.size, load };
  }

  #submit(request: Request, id: Id, line: Line): void {
    this.received++;
    const error = this.isDraining ? new RpcError("Draining", "It stops") : this.fails?.(id);
    if (error !== undefined) return this.#answer(line, encodeError(id, error));
    const nowMs = this.#network.clock.now();
    this.#queue.push(new SimCall(line, id, nowMs, nowMs + (request.meta?.timeoutMs ?? 10_000)));
    this.#pump();
  }

  #pump(): void {
    const nowMs = this.#network.clock.now();
    while (this.#busy < this.options.workers && this.#queue.size > 0) {
      const call = this.#shedding.take(nowMs) as SimCall;
      if (call.deadlineAtMs > nowMs && !call.line.isClosed) this.#run(call, nowMs);
    }
    for (
      let call = this.#shedding.takeHopeless(nowMs);
      call !== undefined;
      call = this.#shedding.takeHopeless(nowMs)
    ) this.#answer(call.line, encodeError(call.id, new RpcError("Overloaded", "Too much")));
  }

  #run(call: SimCall, nowMs: number): void {
    const life = this.#life;
    const endMs = nowMs + this.options.serviceMs();
    this.#busy++;
    // A call that overruns is killed at its deadline, and the worker replaced.
    this.#network.clock.after(Math.min(endMs, call.deadlineAtMs) - nowMs, () => {
      if (life !== this.#life) return;
      this.#busy--;
      if (endMs <= call.deadlineAtMs) {
        this.done++;
        this.#answer(call.line, encodeResult(call.id, this.port));
      } else {
        this.wasted++;
        this.#answer(call.line, encodeError(call.id, new RpcError("DeadlineExceeded", "Late")));
      }
      this.#pump();
    });
  }

  #answer(line: Line, text: string): void {
    if (!line.isClosed) line.send(text);
  }
}
