/**
 * The rank, from 1, of the nearest-rank quantile among so many sorted values. Shares such as 0.999
 * and 99.9 / 100 are not whole in binary, and what a product is off by must not take the next rank.
 */
export function rankOf(share: number, count: number): number {
  return Math.min(count, Math.max(1, Math.ceil(share * count - roundingMax)));
}

/** More than the error of a share times a billion, and less than any part of a rank that counts. */
const roundingMax = 1e-6;

/** The nearest-rank quantile of values that are sorted, or 0 of none. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[rankOf(share, sorted.length) - 1] ?? 0;
}
