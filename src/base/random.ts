/**
 * Randomness as everything else here sees it: injected, so that a test can replay it from a seed.
 */

/** Returns a number in [0, 1). */
export type Random = () => number;

/** The machine's own randomness. Not for secrets. */
export const systemRandom: Random = Math.random;

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
