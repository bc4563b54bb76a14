import type { Clock } from "../clock.ts";
import { unreadLookMs } from "../limits.ts";

/** A holder of a part of a {@link Budget}, such as a connection. */
export interface BudgetHolder {
  /** How much it holds now. */
  heldBytes(): number;
  /** A number that changes whenever its peer makes progress. */
  progress(): number;
  /** Makes it let go of everything. The numbers tell why. */
  giveUp(numbers: BudgetNumbers): void;
}

/** Why a holder has to let go. */
export interface BudgetNumbers {
  /** How much it held. */
  readonly heldBytes: number;
  /** How long its peer had made no progress. */
  readonly stuckMs: number;
  /** How much all holders held. */
  readonly totalBytes: number;
  /** How much all holders may hold. */
  readonly bytesMax: number;
}

/** Smaller parts are not counted: any connection may need as much for a moment. */
const countedBytes = 16 * 1024;

/** While more than this share of the bound is held, it is checked who makes progress. */
const lookedAtShare = 1 / 4;

/** How a {@link Budget} chooses who has to let go. */
interface BudgetOptions {
  /** A holder lets go only if its peer made no progress for this long. @default 0 */
  readonly stuckMsMin?: number;
}

interface Held {
  bytes: number;
  progress: number;
  /** When it last made progress, or when it was first counted. */
  sinceMs: number;
}

/**
 * A bound on what all connections together hold of one kind. When it is exceeded, the connection
 * that has held most for longest without progress of its peer has to let go of everything. The
 * bound is over all connections, because many that take a little are as harmful as one that takes
 * much.
 *
 * If newcomers can wait while it is full, set a minimum time: then no peer that makes progress has
 * to let go.
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

  /** How much all hold together, as of the last count of each. */
  get total(): number {
    return this.#total;
  }

  /** Updates the count of one holder. Past the bound it, or another one, has to let go. */
  count(holder: BudgetHolder): void {
    const nowMs = this.#clock.now();
    this.#look(holder, nowMs);
    if (this.#total <= this.#bytesMax * lookedAtShare) return;
    const mustLook = this.#total > this.#bytesMax && this.#stuckMsMin === 0;
    if (mustLook || nowMs - this.#lookedAtMs >= unreadLookMs) this.#makeRoom(nowMs);
  }

  /** Whether the bound is exceeded and no holder has to let go. */
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

  /** Removes a holder, which holds nothing any more. */
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

  /**
   * The holder of the largest product of size and time without progress; then of the largest size.
   */
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
