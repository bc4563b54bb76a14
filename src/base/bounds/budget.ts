import type { Clock } from "../clock.ts";
import { unreadLookMs } from "../limits.ts";

/** Whoever holds a part of a {@link Budget}. */
export interface BudgetHolder {
  /** What it holds now. */
  heldBytes(): number;
  /** A number that changes whenever its peer does its part. */
  progress(): number;
  /** Has to let go of it, for the reason that these numbers tell. */
  giveUp(numbers: BudgetNumbers): void;
}

/** Why somebody has to let go. */
export interface BudgetNumbers {
  /** What it held. */
  readonly heldBytes: number;
  /** For how long its peer had done nothing. */
  readonly stuckMs: number;
  /** What all held. */
  readonly totalBytes: number;
  /** What all may hold. */
  readonly bytesMax: number;
}

/** From so much on it is worth counting: less is what any connection may need for a moment. */
const countedBytes = 16 * 1024;

/** While more than this share is held it is looked who makes progress. */
const lookedAtShare = 1 / 4;

/** How a {@link Budget} chooses. */
interface BudgetOptions {
  /** For how long at the least a peer has done nothing that has to let go. @default 0 */
  readonly stuckMsMin?: number;
}

interface Held {
  bytes: number;
  progress: number;
  /** When it was seen to make progress last, or when it was seen first. */
  sinceMs: number;
}

/**
 * What all connections hold together of one kind. Past the bound the one that has held most for
 * longest, without its peer doing anything about it, has to let go of what it holds. The bound is
 * over all, because many that take a little each are as harmful as one that takes much.
 *
 * Where it may wait for a moment who comes when it is full, nobody has to let go who goes on.
 */
export class Budget {
  readonly #bytesMax: number;
  readonly #clock: Pick<Clock, "now">;
  readonly #stuckMsMin: number;
  readonly #held = new Map<BudgetHolder, Held>();
  #total = 0;
  #lookedAtMs = -Infinity;

  constructor(
    bytesMax: number,
    clock: Pick<Clock, "now">,
    { stuckMsMin = 0 }: BudgetOptions = {},
  ) {
    this.#bytesMax = bytesMax;
    this.#clock = clock;
    this.#stuckMsMin = stuckMsMin;
  }

  /** What all hold together, as of the last look at each. */
  get total(): number {
    return this.#total;
  }

  /** Counts anew what one holds. Past the bound that one or another loses what it holds. */
  count(holder: BudgetHolder): void {
    const nowMs = this.#clock.now();
    this.#look(holder, nowMs);
    if (this.#total <= this.#bytesMax * lookedAtShare) return;
    const mustLook = this.#total > this.#bytesMax && this.#stuckMsMin === 0;
    if (mustLook || nowMs - this.#lookedAtMs >= unreadLookMs) this.#makeRoom(nowMs);
  }

  /** Whether they hold too much, and none of them has to let go of it. */
  get isFull(): boolean {
    if (this.#total <= this.#bytesMax) return false;
    const nowMs = this.#clock.now();
    if (nowMs - this.#lookedAtMs >= unreadLookMs) this.#makeRoom(nowMs);
    return this.#total > this.#bytesMax;
  }

  #makeRoom(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    for (const other of [...this.#held.keys()]) this.#look(other, nowMs);
    while (this.#total > this.#bytesMax) {
      const worst = this.#worst(nowMs);
      if (worst === undefined) return;
      const totalBytes = this.#total;
      const { bytes: heldBytes, sinceMs } = this.#held.get(worst) as Held;
      this.forget(worst);
      worst.giveUp({ heldBytes, stuckMs: nowMs - sinceMs, totalBytes, bytesMax: this.#bytesMax });
    }
  }

  /** It holds nothing any more. */
  forget(holder: BudgetHolder): void {
    this.#total -= this.#held.get(holder)?.bytes ?? 0;
    this.#held.delete(holder);
  }

  #look(holder: BudgetHolder, nowMs: number): void {
    const bytes = holder.heldBytes();
    const held = this.#held.get(holder);
    if (bytes <= countedBytes) {
      if (held !== undefined) this.forget(holder);
      return;
    }
    const progress = holder.progress();
    if (held === undefined) {
      this.#held.set(holder, { bytes, progress, sinceMs: nowMs });
      this.#total += bytes;
      return;
    }
    this.#total += bytes - held.bytes;
    held.bytes = bytes;
    if (held.progress === progress) return;
    held.progress = progress;
    held.sinceMs = nowMs;
  }

  /** Who has held most for longest; of those that have just done something, who holds most. */
  #worst(nowMs: number): BudgetHolder | undefined {
    let worst: BudgetHolder | undefined;
    let most = -1;
    for (const [holder, { bytes, sinceMs }] of this.#held) {
      if (nowMs - sinceMs < this.#stuckMsMin) continue;
      const score = bytes * (nowMs - sinceMs + 1);
      if (score > most) [worst, most] = [holder, score];
    }
    return worst;
  }
}
