/**
 * Shares as whole percentages, rounded so that they sum to 100 if the shares sum to 1: what
 * rounding down loses goes to the shares that lost most by it.
 */
export function percentagesOf(shares: readonly number[]): number[] {
  const exact = shares.map((share) => 100 * share);
  const whole = exact.map(Math.floor);
  const total = Math.round(exact.reduce((sum, share) => sum + share, 0));
  const left = total - whole.reduce((sum, share) => sum + share, 0);
  const byLoss = exact.map((share, i) => ({ i, loss: share % 1 }))
    .sort((one, other) => other.loss - one.loss);
  for (const { i } of byLoss.slice(0, left)) whole[i] = (whole[i] ?? 0) + 1;
  return whole;
}
