/** Randomness as everything else here sees it: injected, so that a test can replay it from a seed. */

/** Returns a number in [0, 1). */
export type Random = () => number;

/** The machine's own randomness. Not for secrets. */
export const systemRandom: Random = Math.random;

/**
 * A repeatable stream from a 32-bit seed: mulberry32 by Tommy Ettinger (public domain), period 2^32.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number in [0, bound). */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random() * bound);
}

/** A new array with the items in random order: Fisher and Yates' shuffle, as Knuth gives it. */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1);
    [result[i], result[j]] = [result[j] as Item, result[i] as Item];
  }
  return result;
}
