import type { Clock } from "../../base/clock.ts";
import { connectTimeoutMs, hastyReconnectMs } from "../../base/limits.ts";
import type { Duplex, Target, Transport } from "../transport.ts";

/** What an attempt measures its time by. */
interface DialTimes {
  /** When a second attempt may be made. */
  readonly clock: Pick<Clock, "now">;
  /** When it has taken too long. */
  readonly patience: Pick<Clock, "after">;
}

/** Why attempts are given up. Nobody reads it: without it each would get an error of its own. */
const over = new Error("The attempt is over");

/**
 * An attempt to connect to one address. If nothing comes back, because a plug is out or a host is
 * down, the kernel retries after 1, 2, 4 and more seconds, and may notice only so late that the
 * host is back. A second attempt besides the first is answered at once. It does not replace the
 * first, which on a slow network may be about to succeed.
 */
export class Dial {
  /** Rejects if the first attempt fails, or takes too long. */
  readonly duplex: Promise<Duplex>;
  readonly #transport: Transport;
  readonly #target: Target;
  readonly #clock: DialTimes["clock"];
  readonly #signal: AbortSignal;
  readonly #first = new AbortController();
  readonly #resolve: (duplex: Duplex) => void;
  #second: AbortController | undefined;
  #hasteAtMs: number;
  #isOver = false;

  /** `signal` aborts the attempts, but does not close a stream that was handed out. */
  constructor(
    transport: Transport,
    target: Target,
    { clock, patience }: DialTimes,
    signal: AbortSignal,
  ) {
    this.#transport = transport;
    this.#target = target;
    this.#clock = clock;
    this.#signal = signal;
    this.#hasteAtMs = clock.now() + hastyReconnectMs;
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
    const fail = (error: unknown) => {
      if (this.#isOver) return;
      reject(error);
      this.#end();
    };
    const timer = patience.after(
      connectTimeoutMs,
      () => fail(new Error(`no connection within ${connectTimeoutMs} ms`)),
    );
    this.duplex = promise.finally(() => timer.cancel());
    this.#resolve = resolve;
    this.#attempt(this.#first).catch(fail);
  }

  /** Whether the last attempt has had enough time on most networks. */
  mayHurry(nowMs: number): boolean {
    return !this.#isOver && nowMs >= this.#hasteAtMs;
  }

  /** Starts a second attempt, in place of an earlier second one. */
  hurry(): void {
    this.#hasteAtMs = this.#clock.now() + hastyReconnectMs;
    this.#second?.abort();
    this.#second = new AbortController();
    // The first attempt reports why there is no connection.
    this.#attempt(this.#second).catch(() => {});
  }

  async #attempt(own: AbortController): Promise<void> {
    const signal = AbortSignal.any([this.#signal, own.signal]);
    const duplex = await this.#transport.connect(this.#target, signal);
    if (this.#isOver || signal.aborted) return duplex.close();
    this.#resolve(duplex);
    this.#end(own);
  }

  /** What was heard has nothing left to be given up: where that is all there is, nothing aborts. */
  #end(heard?: AbortController): void {
    this.#isOver = true;
    for (const attempt of [this.#first, this.#second]) {
      if (attempt !== heard) attempt?.abort(over);
    }
  }
}
