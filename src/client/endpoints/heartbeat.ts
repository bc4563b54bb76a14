import {
  connectionInFlightMax,
  heartbeatIntervalMs,
  heartbeatTickMs,
  heartbeatTimeoutMs,
  idlePingMs,
  requestBytesInFlightMax,
} from "../../base/limits.ts";
import type { Connection } from "../connection.ts";

/** Silent ticks after which a server is asked whether it lives. */
const ticksToAsk = heartbeatIntervalMs / heartbeatTickMs;

/**
 * Ticks without a call after which a ping is sent all the same: the server would close the
 * connection otherwise.
 */
const ticksToSayHello = idlePingMs / heartbeatTickMs;

/** Silent ticks after which a connection is given up. */
const ticksToGiveUp = ticksToAsk + heartbeatTimeoutMs / heartbeatTickMs;

/**
 * With so many calls pending a server may have stopped reading, and then it does not see a ping:
 * its silence proves nothing. It reads on at the latest when half of its bound is done.
 */
const inFlightJudged = connectionInFlightMax / 2;

/** The same for their bytes. */
const bytesJudged = requestBytesInFlightMax / 2;

/**
 * Finds a server that hangs and a path that has gone dead, which TCP alone may not notice for
 * hours: calls are pending, nothing arrives, and a ping is not answered either.
 *
 * It counts ticks, not time: when this process itself was stopped or starved, all servers seem to
 * have been silent for long, and none of them is to blame.
 */
export class Heartbeat {
  readonly #connection: Connection;
  #silentTicks = 0;
  #idleTicks = 0;
  #messagesSeen = 0;
  #bytesTaken: number | undefined;
  #asked = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Called every {@link heartbeatTickMs}.
   *
   * @param alsoIdle whether to ask also while no call is pending: a server that the registry does
   * not list any more gets no calls, and nothing else would show that it has gone
   */
  tick(alsoIdle: boolean): void {
    const connection = this.#connection;
    const { inFlight, bytesInFlight, bytesTaken } = connection;
    if (inFlight > 0) this.#idleTicks = 0;
    else if (++this.#idleTicks >= ticksToSayHello) {
      this.#idleTicks = 0;
      connection.ping(() => {});
      return;
    }
    const takes = bytesTaken !== undefined && bytesTaken !== this.#bytesTaken;
    const silent = !takes && connection.messagesReceived === this.#messagesSeen;
    this.#messagesSeen = connection.messagesReceived;
    this.#bytesTaken = bytesTaken;
    const isFull = inFlight >= inFlightJudged || bytesInFlight >= bytesJudged;
    if (!silent || isFull || (inFlight === 0 && !alsoIdle)) {
      this.#silentTicks = 0;
      return;
    }
    this.#silentTicks++;
    if (this.#silentTicks >= ticksToGiveUp) {
      connection.abandon(`it was silent for ${this.#silentTicks * heartbeatTickMs} ms`);
    } else if (this.#silentTicks >= ticksToAsk && !this.#asked) {
      this.#asked = true;
      connection.ping(() => this.#asked = false);
    }
  }
}
