import type { Clock } from "../../base/clock.ts";
import type { RpcError } from "../../base/errors.ts";
import type { Call } from "../call.ts";
import type { Connection } from "../connection.ts";
import { Ejection } from "./ejection.ts";
import type { Loads, MethodLoads } from "./loads.ts";
import { verdictOf } from "./verdict.ts";

/** What {@link EndpointCalls} needs. */
interface EndpointCallsOptions {
  readonly loads: Loads;
  /** The server's weight at first. */
  readonly weight: number;
  readonly clock: Clock;
  /** Called when an ejection ends by itself. */
  readonly ejectionOver: () => void;
  /** Called when calls in a row have ended at their deadlines. */
  readonly suspected: () => void;
}

/**
 * What a client concludes about one server from the calls that it sends there: how loaded and how
 * fast it is, and whether it is ejected.
 */
export class EndpointCalls {
  /** Its row in the loads, until it is closed. Only it writes to that row. */
  readonly row: number;
  readonly #loads: Loads;
  readonly #clock: Clock;
  readonly #suspected: () => void;
  readonly #ejection: Ejection;

  constructor({ loads, weight, clock, ejectionOver, suspected }: EndpointCallsOptions) {
    this.row = loads.add(weight);
    this.#loads = loads;
    this.#clock = clock;
    this.#suspected = suspected;
    this.#ejection = new Ejection(clock, ejectionOver);
  }

  get isEjected(): boolean {
    return this.#ejection.isActive;
  }

  set weight(weight: number) {
    this.#loads.setWeight(this.row, weight);
  }

  /** The server may be another process now, with other methods. */
  forgetLacking(): void {
    this.#loads.forgetLacking(this.row);
  }

  /** The server was started anew: what its calls came to before does not count. */
  restarted(): void {
    this.forgetLacking();
    this.#ejection.forget();
  }

  /** The server does not offer the method. */
  lacks(method: string): void {
    this.#loads.of(method).lacks(this.row);
  }

  /** A call is about to be sent. */
  sent(call: Call, nowMs: number): void {
    const loads = call.loads ??= this.#loads.of(call.method);
    call.sentAtMs = nowMs;
    loads.sent(this.row, nowMs, call.stream !== undefined);
  }

  /** A call has ended, by itself or with its connection. */
  ended(call: Call, error: RpcError | undefined, connection: Connection): void {
    const { loads, sentAtMs } = call;
    // A cancelled call was counted already.
    if (loads === undefined || sentAtMs === undefined) return;
    loads.answered(this.row);
    loads.noteIdle(this.row, connection.saidIdle);
    // How long a stream takes depends on its caller too.
    if (call.stream !== undefined && call.stream.received > 0) this.#ejection.answered();
    else this.#judge(call, loads, error, sentAtMs, connection);
  }

  /** A call was cancelled. */
  gaveUp(call: Call): void {
    call.loads?.gaveUp(this.row);
  }

  /** A call has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void {
    const nowMs = this.#clock.now();
    this.#loads.of(method).observeLate(this.row, nowMs - sentAtMs, nowMs);
    if (this.#ejection.timedOut()) this.#suspected();
  }

  /** Ejects the server, and returns for how long, in milliseconds. It must not be ejected now. */
  eject(): number {
    return this.#ejection.start();
  }

  /** Ends an ejection. */
  forgetEjection(): void {
    this.#ejection.forget();
  }

  /** Gives the row back. */
  close(): void {
    this.#loads.remove(this.row);
  }

  /** Draws conclusions about the server from the end of a call. */
  #judge(
    call: Call,
    loads: MethodLoads,
    error: RpcError | undefined,
    sentAtMs: number,
    connection: Connection,
  ): void {
    const nowMs = error === undefined ? connection.receivedAtMs : this.#clock.now();
    const took = { tookMs: nowMs - sentAtMs, hadMs: call.deadlineAtMs - sentAtMs };
    switch (verdictOf(error, took)) {
      case "answered":
        if (error === undefined) loads.observe(this.row, took.tookMs, nowMs);
        this.#loads.carriedOut(this.row);
        return this.#ejection.answered();
      case "late":
        return this.timedOut(call.method, sentAtMs);
      case "overloaded":
        loads.penalize(this.row, nowMs);
        this.#loads.refused(this.row);
        // Overload is no fault: without this server the others would have even more to do.
        return this.#ejection.answered();
      case "failed":
        return loads.penalize(this.row, nowMs);
    }
  }
}
