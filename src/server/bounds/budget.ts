/** Whoever holds a part of a {@link Budget}. */
export interface BudgetHolder {
  /** What it holds now. */
  heldBytes(): number;
  /** Whether it makes no progress: the fault is then more likely its peer's. */
  isStuck(): boolean;
  /** Has to let go of it. */
  giveUp(): void;
}

/** From so much on it is worth counting: less is what any connection may need for a moment. */
const countedBytes = 16 * 1024;

/**
 * What all connections hold together of one kind. Past the bound the one that holds most has to let
 * go of what it holds; those that make no progress come first. The bound is over all, because many
 * that take a little each are as harmful as one that takes much.
 */
export class Budget {
  readonly #bytesMax: number;
  readonly #held = new Map<BudgetHolder, number>();
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What all hold together, as of the last look at each. */
  get total(): number {
    return this.#total;
  }

  /** Counts anew what one holds. Past the bound that one or another loses what it holds. */
  count(holder: BudgetHolder): void {
    this.#look(holder);
    if (this.#total <= this.#bytesMax) return;
    for (const other of [...this.#held.keys()]) this.#look(other);
    while (this.#total > this.#bytesMax) {
      const worst = this.#worst();
      if (worst === undefined) return;
      this.forget(worst);
      worst.giveUp();
    }
  }

  /** It holds nothing any more. */
  forget(holder: BudgetHolder): void {
    this.#total -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  #look(holder: BudgetHolder): void {
    const heldBytes = holder.heldBytes();
    const counted = this.#held.get(holder) ?? 0;
    if (heldBytes <= countedBytes) {
      if (counted > 0) this.forget(holder);
      return;
    }
    this.#held.set(holder, heldBytes);
    this.#total += heldBytes - counted;
  }

  #worst(): BudgetHolder | undefined {
    let worst: BudgetHolder | undefined;
    let most = -1;
    for (const [holder, bytes] of this.#held) {
      const counted = holder.isStuck() ? bytes + this.#bytesMax : bytes;
      if (counted > most) [worst, most] = [holder, counted];
    }
    return worst;
  }
}
