import type { Clock } from "../clock.ts";
import { unreadLookMs } from "../limits.ts";

/** A holder of a part of a {@link Budget}, such as a connection. */
export interface BudgetHolder {
  /**
   * Whose it is: what all holders of one owner hold counts together. Holders without one are all of
   * the same.
   */
  readonly owner?: unknown;
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
  /**
   * A holder lets go in favour of its own owner's others only if its peer made no progress for this
   * long. @default 0
   */
  readonly stuckMsMin?: number;
}

/** What a {@link Budget} looks at, and waits by. */
type BudgetClock = Pick<Clock, "now" | "after">;

interface Held {
  bytes: number;
  progress: number;
  /** When it last made progress, or when it was first counted. */
  sinceMs: number;
}

/**
 * A bound on what all connections together hold of one kind, because many that take a little are as
 * harmful as one that takes much. When it is exceeded, one of the owner that holds most has to let
 * go of everything: the one that has held most for longest without progress of its peer. So whoever
 * holds less than an equal share of the bound loses nothing, however many connections another one
 * fills it with, and however slow his own network is.
 *
 * If newcomers can wait while it is full, set a minimum time: then no peer that makes progress has
 * to let go in favour of others of its owner.
 */
export class Budget {
  readonly #bytesMax: number;
  readonly #clock: BudgetClock;
  readonly #stuckMsMin: number;
  readonly #held = new Map<BudgetHolder, Held>();
  /** Bytes by owner. */
  readonly #heldBy = new Map<unknown, number>();
  #total = 0;
  #lookedAtMs = -Infinity;
  #nextLook: Promise<void> | undefined;

  constructor(
    bytesMax: number,
    clock: BudgetClock,
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
    if (mustLook || nowMs - this.#lookedAtMs >= unreadLookMs) this.#makeRoom(nowMs, holder.owner);
  }

  /** Whether the bound is exceeded, and nobody has to let go in favour of this owner. */
  isFullFor(owner: unknown): boolean {
    if (this.#total <= this.#bytesMax) return false;
    const nowMs = this.#clock.now();
    const isLookedAt = nowMs - this.#lookedAtMs < unreadLookMs;
    if (!isLookedAt || this.#heldMost() !== owner) this.#makeRoom(nowMs, owner);
    return this.#total > this.#bytesMax;
  }

  /** Whether an owner holds more than a quarter of the bound, as of a look a moment ago. */
  holdsQuarter(owner: unknown): boolean {
    const quarter = this.#bytesMax / 4;
    if (this.#total <= quarter || (this.#heldBy.get(owner) ?? 0) <= quarter) return false;
    const nowMs = this.#clock.now();
    if (nowMs - this.#lookedAtMs >= unreadLookMs) this.#lookAtAll(nowMs);
    return (this.#heldBy.get(owner) ?? 0) > quarter;
  }

  /** Resolves a little later, for all who ask at once, when an owner may hold less. */
  nextLook(): Promise<void> {
    return this.#nextLook ??= new Promise((resolve) => {
      this.#clock.after(unreadLookMs, () => {
        this.#nextLook = undefined;
        resolve();
      }, { keepAlive: false });
    });
  }

  /** @param asking the owner in whose favour others have to let go */
  #makeRoom(nowMs: number, asking: unknown): void {
    this.#lookAtAll(nowMs);
    while (this.#total > this.#bytesMax) {
      const owner = this.#heldMost();
      const worst = this.#worst(owner, owner === asking ? this.#stuckMsMin : 0, nowMs);
      if (worst === undefined) return;
      const totalBytes = this.#total;
      const { bytes: heldBytes, sinceMs } = this.#held.get(worst) as Held;
      this.forget(worst);
      worst.giveUp({ heldBytes, stuckMs: nowMs - sinceMs, totalBytes, bytesMax: this.#bytesMax });
    }
  }

  /** Removes a holder, which holds nothing any more. */
  forget(holder: BudgetHolder): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    this.#add(holder, -held.bytes);
    this.#held.delete(holder);
  }

  #lookAtAll(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    for (const holder of [...this.#held.keys()]) this.#look(holder, nowMs);
  }

  #look(holder: BudgetHolder, nowMs: number): void {
    const bytes = holder.heldBytes();
    if (bytes <= countedBytes) return this.forget(holder);
    const held = this.#held.get(holder);
    this.#add(holder, bytes - (held?.bytes ?? 0));
    const progress = holder.progress();
    if (held === undefined) {
      this.#held.set(holder, { bytes, progress, sinceMs: nowMs });
      return;
    }
    held.bytes = bytes;
    if (held.progress === progress) return;
    held.progress = progress;
    held.sinceMs = nowMs;
  }

  #add({ owner }: BudgetHolder, bytes: number): void {
    this.#total += bytes;
    const sum = (this.#heldBy.get(owner) ?? 0) + bytes;
    if (sum > 0) this.#heldBy.set(owner, sum);
    else this.#heldBy.delete(owner);
  }

  #heldMost(): unknown {
    let found: unknown;
    let most = 0;
    for (const [owner, bytes] of this.#heldBy) {
      if (bytes > most) [found, most] = [owner, bytes];
    }
    return found;
  }

  /**
   * The owner's holder of the largest product of size and time without progress; then of the
   * largest size.
   */
  #worst(owner: unknown, stuckMsMin: number, nowMs: number): BudgetHolder | undefined {
    let worst: BudgetHolder | undefined;
    let most = -1;
    for (const [holder, { bytes, sinceMs }] of this.#held) {
      if (holder.owner !== owner || nowMs - sinceMs < stuckMsMin) continue;
      const score = bytes * (nowMs - sinceMs + 1);
      if (score > most) [worst, most] = [holder, score];
    }
    return worst;
  }
}
