import type { Clock, Timer } from "./clock.ts";

/** How late a deadline may be noticed, in milliseconds. */
export const wheelTickMs = 5;

const slotCount = 512;

/** One deadline in a {@link DeadlineWheel}. */
export interface Deadline {
  /** Forgets it: constant time. After it expired, or twice, this does nothing. */
  cancel(): void;
}

/**
 * Deadlines of many calls under one timer: a hashed timing wheel (Varghese and Lauck, "Hashed and
 * Hierarchical Timing Wheels", 1987, scheme 6). Adding and cancelling take constant time, which
 * counts, because nearly every deadline is cancelled. It is coarse: one expires up to
 * {@link wheelTickMs} late (and as much later as the timer itself is), never early. The timer runs only
 * while there are deadlines.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #slots: Slot[] = Array.from({ length: slotCount }, () => new Slot());
  #size = 0;
  #tick = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Deadlines that are pending. */
  get size(): number {
    return this.#size;
  }

  /**
   * Calls `expired` once, when the clock has reached `atMs`. It must not throw.
   *
   * @param atMs on the clock's monotonic scale; one that has passed expires at the next tick
   */
  add(atMs: number, expired: () => void): Deadline {
    if (this.#timer === undefined) {
      this.#tick = Math.floor(this.#clock.now() / wheelTickMs);
      this.#timer = this.#clock.every(wheelTickMs, this.#advance);
    }
    const tick = Math.max(Math.floor(atMs / wheelTickMs), this.#tick);
    const entry = new Entry(this, atMs, expired);
    (this.#slots[tick % slotCount] as Slot).push(entry);
    this.#size++;
    return entry;
  }

  /** Counts one entry less. Called by the entries. */
  removed(): void {
    this.#size--;
  }

  readonly #advance = (): void => {
    const nowMs = this.#clock.now();
    const now = Math.floor(nowMs / wheelTickMs);
    // The timer rings somewhere inside a tick, so the slot it rang in the last time may hold deadlines
    // that had not come then: it is looked at again. After a long pause (a suspended machine) every slot
    // is looked at once, not once a tick missed.
    const from = Math.max(this.#tick, now - slotCount + 1);
    this.#tick = now;
    for (let tick = from; tick <= now; tick++) {
      (this.#slots[tick % slotCount] as Slot).expire(nowMs);
    }
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  };
}

/** A doubly linked list of entries, so that one can be taken out of the middle. */
class Slot {
  first: Entry | undefined;

  push(entry: Entry): void {
    entry.slot = this;
    entry.next = this.first;
    if (this.first !== undefined) this.first.previous = entry;
    this.first = entry;
  }

  expire(nowMs: number): void {
    // Collected first: a callback may cancel its neighbours or add to this very slot.
    const due: Entry[] = [];
    for (let entry = this.first; entry !== undefined; entry = entry.next) {
      if (entry.atMs <= nowMs) due.push(entry);
    }
    for (const entry of due) entry.expire();
  }
}

class Entry implements Deadline {
  readonly #wheel: DeadlineWheel;
  readonly atMs: number;
  readonly #expired: () => void;
  slot: Slot | undefined;
  next: Entry | undefined;
  previous: Entry | undefined;

  constructor(wheel: DeadlineWheel, atMs: number, expired: () => void) {
    this.#wheel = wheel;
    this.atMs = atMs;
    this.#expired = expired;
  }

  cancel(): void {
    if (this.slot === undefined) return;
    if (this.previous === undefined) this.slot.first = this.next;
    else this.previous.next = this.next;
    if (this.next !== undefined) this.next.previous = this.previous;
    this.slot = this.next = this.previous = undefined;
    this.#wheel.removed();
  }

  expire(): void {
    if (this.slot === undefined) return;
    this.cancel();
    this.#expired();
  }
}
