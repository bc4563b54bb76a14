import { watchLooksMax, watchSlowBytesPerMs } from "../../limits.ts";

/**
 * Finds the connections that the runtime reads, and slowly, while the program gets no turn. The
 * runtime has one thread, so what was read between two looks tells what it was at work on: a body
 * is read in an instant, and frames that mean nothing cost more than their bytes.
 */
export class SlowReads {
  readonly #bytesMax: number;
  /** Bytes that had been read of each peer at the last look. */
  #before: ReadonlyMap<string, number> | undefined;
  /** Looks since the program's last turn at which little was read, by its share of that. */
  readonly #looks = new Map<string, number>();
  /** Bytes that were read of each since then. */
  readonly #bytes = new Map<string, number>();

  /** @param bytesMax what may be read of a connection, however quickly, before a turn */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * Takes a look.
   *
   * @param usedMs the runtime's time since the last one
   * @param read bytes that were read so far, by peer
   * @returns the peer that most keeps the program from its turn, if one does
   */
  look(usedMs: number, read: ReadonlyMap<string, number>): string | undefined {
    const before = this.#before;
    this.#before = read;
    if (before === undefined) return undefined;
    const grown = [...read].map(([peer, bytes]) => [peer, bytes - (before.get(peer) ?? 0)] as const)
      .filter(([, bytes]) => bytes > 0);
    const total = grown.reduce((sum, [, bytes]) => sum + bytes, 0);
    const isSlow = total <= watchSlowBytesPerMs * usedMs;
    for (const [peer, bytes] of grown) {
      add(this.#bytes, peer, bytes);
      if (isSlow) add(this.#looks, peer, bytes / total);
    }
    return most(this.#bytes, this.#bytesMax) ?? most(this.#looks, watchLooksMax);
  }

  /** Its connection is none any more. */
  forget(peer: string): void {
    this.#looks.delete(peer);
    this.#bytes.delete(peer);
  }
}

function add(sums: Map<string, number>, peer: string, more: number): void {
  sums.set(peer, (sums.get(peer) ?? 0) + more);
}

/** Who has most, and at least so much. */
function most(sums: ReadonlyMap<string, number>, least: number): string | undefined {
  let found: string | undefined;
  for (const [peer, sum] of sums) {
    if (sum < least) continue;
    [found, least] = [peer, sum];
  }
  return found;
}
