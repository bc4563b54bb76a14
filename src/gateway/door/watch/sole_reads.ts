import { watchLooksMax, watchSlowBytesPerMs } from "../../limits.ts";

/**
 * Finds the connection of which the runtime reads alone, and slowly, while the program gets no
 * turn. The runtime has one thread, so what was read between two looks tells what it was at work
 * on: a body is read in an instant, and frames that mean nothing cost more than their bytes.
 */
export class SoleReads {
  readonly #bytesMax: number;
  /** Bytes that had been read of each descriptor at the last look. */
  #before: ReadonlyMap<number, number> | undefined;
  /** Looks since the program's last turn at which only that one was read, and slowly. */
  readonly #looks = new Map<number, number>();
  /** Bytes that were read of it since then. */
  readonly #bytes = new Map<number, number>();

  /** @param bytesMax what may be read of a connection, however quickly, before a turn */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes a look.
   *
   * @param usedMs the runtime's time since the last one
   * @param read bytes that were read so far, by descriptor
   * @returns the descriptor that keeps the program from its turn, if one does
   */
  look(usedMs: number, read: ReadonlyMap<number, number>): number | undefined {
    const before = this.#before;
    this.#before = read;
    if (before === undefined) return undefined;
    const grown = [...read].map(([one, bytes]) => [one, bytes - (before.get(one) ?? 0)] as const)
      .filter(([, bytes]) => bytes > 0);
    for (const [one, bytes] of grown) {
      const total = (this.#bytes.get(one) ?? 0) + bytes;
      if (total > this.#bytesMax) return one;
      this.#bytes.set(one, total);
    }
    const [sole, other] = grown;
    if (sole === undefined || other !== undefined) return undefined;
    const [one, bytes] = sole;
    if (bytes > watchSlowBytesPerMs * usedMs) return undefined;
    const looks = (this.#looks.get(one) ?? 0) + 1;
    this.#looks.set(one, looks);
    return looks >= watchLooksMax ? one : undefined;
  }
}
