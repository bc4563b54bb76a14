import {
  connectionInFlightMax,
  heartbeatIntervalMs,
  heartbeatTickMs,
  heartbeatTimeoutMs,
  idlePingMs,
  requestBytesInFlightMax,
} from "../../base/limits.ts";
import type { Connection } from "../connection.ts";

/** Silent ticks after which a server is pinged. */
const ticksToAsk = heartbeatIntervalMs / heartbeatTickMs;

/** Ticks without a call after which a ping is sent, so that the server does not close. */
const ticksToSayHello = idlePingMs / heartbeatTickMs;

/** Silent ticks after which a connection is given up. */
const ticksToGiveUp = ticksToAsk + heartbeatTimeoutMs / heartbeatTickMs;

/**
 * With more calls pending, silence proves nothing: the server may have stopped reading, and not see
 * the ping. It reads on at the latest when half of its bound is done.
 */
const inFlightJudged = connectionInFlightMax / 2;

/** The same for their bytes. */
const bytesJudged = requestBytesInFlightMax / 2;

/** With so many calls pending a silent server is pinged at once, while the ping still proves it. */
const inFlightToAsk = inFlightJudged / 4;

/**
 * Detects hung servers and dead paths, which TCP alone may not notice for hours: calls are pending,
 * nothing arrives, and a ping is not answered either.
 *
 * It counts ticks, not time: if this process itself was stopped or starved, all servers seem to
 * have been silent, and none is to blame.
 */
export class Heartbeat {
  readonly #connection: Connection;
  #silentTicks = 0;
  #idleTicks = 0;
  /** As of the last tick. A part of a message counts: a long one may take seconds to arrive. */
  #receivedAtMs = 0;
  #bytesTaken: number | undefined;
  #asked = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Whether a ping was not answered from one tick to the next, nor anything received since: the
   * server may hang, or the way to it may be cut. TCP finds out that the way is there again only
   * when it sends the next time, and waits twice as long each time.
   */
  get isInDoubt(): boolean {
    return this.#asked && this.#silentTicks > ticksToAsk &&
      this.#connection.receivedAtMs === this.#receivedAtMs;
  }

  /**
   * Called every {@link heartbeatTickMs}.
   *
   * @param alsoIdle whether to ping also without pending calls: a server that the registry does not
   * list any more gets no calls, so nothing else would show its end
   */
  tick(alsoIdle: boolean): void {
    const connection = this.#connection;
    const { inFlight } = connection;
    if (inFlight > 0) this.#idleTicks = 0;
    else if (++this.#idleTicks >= ticksToSayHello) {
      this.#idleTicks = 0;
      connection.ping(() => {});
      return;
    }
    // Most of a large service: its silence proves nothing.
    if (inFlight === 0 && !alsoIdle) {
      this.#receivedAtMs = connection.receivedAtMs;
      this.#silentTicks = 0;
      return;
    }
    const { bytesInFlight, bytesTaken } = connection;
    const takes = bytesTaken !== undefined && bytesTaken !== this.#bytesTaken;
    const silent = !takes && connection.receivedAtMs === this.#receivedAtMs;
    this.#receivedAtMs = connection.receivedAtMs;
    this.#bytesTaken = bytesTaken;
    const isFull = inFlight >= inFlightJudged || bytesInFlight >= bytesJudged;
    // What was asked before it was full is read first.
    const provesNothing = isFull && !this.#asked;
    if (!silent || provesNothing) {
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks++;
    if (this.#silentTicks >= ticksToGiveUp) {
      connection.abandon(`it was silent for ${this.#silentTicks * heartbeatTickMs} ms`);
    } else if (!this.#asked && (this.#silentTicks >= ticksToAsk || inFlight >= inFlightToAsk)) {
      this.#asked = true;
      connection.ping(() => this.#asked = false);
    }
  }
}
