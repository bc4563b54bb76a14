/**
 * The candidate that a mistyped name most likely means: about a third of its letters at most, or
 * one, differ, and not all. `undefined` if none is near.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.round(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < Math.min(bestDistance, Math.max(name.length, candidate.length))) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Says that there is no such method, with the one that was meant, or else how to see all. */
export function noMethodText(name: string, names: Iterable<string>, otherwise: string): string {
  const near = nearest(name, names);
  const hint = near === undefined ? ` (${otherwise})` : `: did you mean ${near}?`;
  return `No method ${JSON.stringify(name)}${hint}`;
}

/** The hint for a mistyped name: the one that was meant, or else `otherwise`. */
export function hintFor(name: string, candidates: Iterable<string>, otherwise: string): string {
  const near = nearest(name, candidates);
  return near === undefined ? otherwise : `did you mean ${near}?`;
}

/**
 * The number of letters to insert, delete, replace or swap with their neighbour to turn one word
 * into the other: the restricted Damerau-Levenshtein distance ("optimal string alignment").
 *
 * @param bound distances from here on are all the same to the caller, so words whose lengths
 *   differ by as much are not compared
 */
export function editDistance(one: string, other: string, bound = Infinity): number {
  if (Math.abs(one.length - other.length) >= bound) return bound;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const current = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      let distance = Math.min(
        at(previous, j) + 1,
        at(current, j - 1) + 1,
        at(previous, j - 1) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        distance = Math.min(distance, at(beforePrevious, j - 2) + 1);
      }
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, other.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
