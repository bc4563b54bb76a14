import { crowdedOutboxBytesMax, unreadBytesCrowded } from "../limits.ts";
import type { CallerGroup } from "./callers.ts";
import type { Outbox } from "../../wire/outbox.ts";
import type { Budget, BudgetHolder } from "../../base/bounds/budget.ts";

/** Answers up to this length are never replaced: an error would not be shorter. */
export const shortAnswerLength = 1024;

/** The unread answers of one peer, as a part of those of all peers. */
export class Unread {
  readonly #outbox: Outbox;
  readonly #bytesMax: number;
  readonly #budget: Budget;
  readonly #isOneCaller: boolean;
  readonly #holder: BudgetHolder;
  /** The size when it was last counted, or the smallest size since then. */
  #countedBytes = 0;

  /**
   * @param bytesMax how much the peer may leave unread before no more is made for it
   * @param whose its owner, and whether that is one caller
   */
  constructor(
    outbox: Outbox,
    bytesMax: number,
    budget: Budget,
    { owner, isOneCaller }: Pick<CallerGroup, "owner" | "isOneCaller">,
    giveUp: BudgetHolder["giveUp"],
  ) {
    this.#outbox = outbox;
    this.#bytesMax = bytesMax;
    this.#budget = budget;
    this.#isOneCaller = isOneCaller;
    this.#holder = {
      owner,
      heldBytes: () => outbox.heldBytes,
      progress: () => outbox.bytesWritten,
      giveUp,
    };
  }

  /**
   * Whether nothing more is to be made for this peer. While all peers together leave much unread,
   * each may only leave little.
   */
  get isFull(): boolean {
    const { pendingBytes } = this.#outbox;
    if (pendingBytes <= crowdedOutboxBytesMax) return pendingBytes > this.#bytesMax;
    return pendingBytes > this.#bytesMax || this.#budget.total > unreadBytesCrowded;
  }

  /**
   * Whether its caller leaves so much unread on all its connections, a quarter of what all callers
   * may, that nothing more is to be made for any of them. A worker has hundreds of calls under way:
   * of hundreds of connections each would have one long answer made before it is seen that it does
   * not read.
   */
  get isCallerFull(): boolean {
    return this.#isOneCaller && this.#budget.holdsQuarter(this.#holder.owner);
  }

  /** Resolves when everything is read that the peer, and its caller, leave too much of. */
  async drained(): Promise<void> {
    await this.#outbox.drained();
    if (this.isCallerFull) await this.#budget.nextLook();
  }

  /** Something was added. It is counted if it is large enough. */
  grew(): void {
    const { pendingBytes } = this.#outbox;
    if (pendingBytes >= this.#countedBytes + crowdedOutboxBytesMax) this.count();
    else if (pendingBytes < this.#countedBytes) this.#countedBytes = pendingBytes;
  }

  /** Updates the count. */
  count(): void {
    if (this.#countedBytes === 0 && this.#outbox.pendingBytes === 0) return;
    this.#countedBytes = this.#outbox.pendingBytes;
    this.#budget.count(this.#holder);
  }

  /** The connection is closed. */
  forget(): void {
    this.#budget.forget(this.#holder);
  }
}
