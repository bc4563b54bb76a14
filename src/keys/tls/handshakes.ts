import type { Clock } from "../../base/clock.ts";
import { connectionsShareOfAddress, handshakePauseMs, handshakesMax } from "../../base/limits.ts";
import { callerAddress } from "../../base/names/site.ts";

/** One connection that has not shaken hands yet. */
interface Handshake {
  begin(): void;
}

/**
 * The handshakes of a listener. Each costs about a millisecond that cannot be interrupted, for
 * somebody who is not known yet. So while several wait they begin one by one, with pauses for those
 * who are connected, and each address in its turn. Of the handshakes that wait or run, one address
 * may have a share.
 */
export class Handshakes {
  readonly #clock: Clock;
  /** Those that wait, by address. The address that had the last turn is the last. */
  readonly #waiting = new Map<string, Set<Handshake>>();
  /** Those that wait or run, by address. */
  readonly #counts = new Map<string, number>();
  #count = 0;
  #isPausing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Begins a handshake when it may begin. Returns what is to be called when it is over, or its
   * connection is closed before; `undefined`: there are too many.
   *
   * @param from `host:port`
   */
  add(from: string, begin: () => void): (() => void) | undefined {
    // Programs of this machine can be told apart only by their connections.
    const address = callerAddress(from) ?? from;
    const count = this.#counts.get(address) ?? 0;
    if (this.#count >= handshakesMax || count >= handshakesMax / connectionsShareOfAddress) {
      return undefined;
    }
    this.#count++;
    this.#counts.set(address, count + 1);
    const handshake = { begin };
    this.#enqueue(address, handshake);
    if (!this.#isPausing) this.#next();
    return () => this.#remove(address, handshake);
  }

  #enqueue(address: string, handshake: Handshake): void {
    const waiting = this.#waiting.get(address);
    if (waiting === undefined) this.#waiting.set(address, new Set([handshake]));
    else waiting.add(handshake);
  }

  readonly #next = (): void => {
    const handshake = this.#takeNext();
    this.#isPausing = handshake !== undefined;
    if (handshake === undefined) return;
    this.#clock.after(handshakePauseMs, this.#next, { keepAlive: false });
    handshake.begin();
  };

  #takeNext(): Handshake | undefined {
    for (const [address, waiting] of this.#waiting) {
      this.#waiting.delete(address);
      for (const handshake of waiting) {
        waiting.delete(handshake);
        if (waiting.size > 0) this.#waiting.set(address, waiting);
        return handshake;
      }
    }
    return undefined;
  }

  #remove(address: string, handshake: Handshake): void {
    const count = this.#counts.get(address) ?? 0;
    if (count <= 1) this.#counts.delete(address);
    else this.#counts.set(address, count - 1);
    this.#count--;
    const waiting = this.#waiting.get(address);
    if (waiting?.delete(handshake) && waiting.size === 0) this.#waiting.delete(address);
  }
}
