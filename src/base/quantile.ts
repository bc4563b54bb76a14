/**
 * The rank, from 1, of the nearest-rank quantile among `count` sorted values. Shares such as 0.999
 * are not exact in binary, and their rounding error must not lead to the next rank.
 */
export function rankOf(share: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(share * count - roundingMax)));
}

/** More than the rounding error of a share of a billion values, and less than any real fraction. */
const roundingMax = 1e-6;

/** The nearest-rank quantile of sorted values; 0 if there are none. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[rankOf(share, sorted.length) - 1] ?? 0;
}
