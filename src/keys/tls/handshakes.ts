import type { Clock } from "../../base/clock.ts";
import { connectionsShareOfAddress } from "../../base/limits.ts";
import { handshakePauseMs, handshakesMax } from "../limits.ts";
import { callerAddress } from "../../base/names/site.ts";

/** One connection whose handshake is not done. */
interface Handshake {
  begin(): void;
}

/**
 * The handshakes of a listener. Each takes about a millisecond that cannot be interrupted, for a
 * peer that is not known yet. So while several wait they begin one by one, the addresses in turn,
 * with pauses in which connected peers are served. One address may have only a share of the
 * handshakes that wait or run.
 */
export class Handshakes {
  readonly #clock: Clock;
  /** The waiting handshakes by address. The address that had the last turn comes last. */
  readonly #waiting = new Map<string, Set<Handshake>>();
  /** The number of handshakes that wait or run, by address. */
  readonly #counts = new Map<string, number>();
  #count = 0;
  #isPausing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Begins a handshake as soon as it is its turn. Returns the function to call when the handshake
   * is over or its connection was closed before; `undefined`: there are too many handshakes.
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
