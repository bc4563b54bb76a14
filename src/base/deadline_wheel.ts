import type { Clock, Timer } from "./clock.ts";

/** How late a deadline may be noticed, in milliseconds. */
export const wheelTickMs = 5;

const slotCount = 512;

/** A deadline in a {@link DeadlineWheel}, for whoever can give it up. */
export interface Deadline {
  /** Forgets it: constant time. After it expired, or twice, this does nothing. */
  cancel(): void;
}

/**
 * What a wheel holds. Something that always has a deadline is one of these itself, so that it is one
 * object and not two.
 */
export abstract class WheelEntry implements Deadline {
  /** On the clock's monotonic scale. */
  readonly atMs: number;
  #slot: Slot | undefined;
  #next: WheelEntry | undefined;
  #previous: WheelEntry | undefined;

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  /** The time has come. Called once, unless it was cancelled. It must not throw. */
  protected abstract expired(): void;

  cancel(): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    const next = this.#next;
    const previous = this.#previous;
    if (previous === undefined) slot.first = next;
    else previous.#next = next;
    if (next !== undefined) next.#previous = previous;
    this.#slot = this.#next = this.#previous = undefined;
    slot.wheel.removed();
  }

  /** Puts it at the front of a slot. Called by the wheel. */
  enter(slot: Slot): void {
    const { first } = slot;
    this.#slot = slot;
    this.#next = first;
    if (first !== undefined) first.#previous = this;
    slot.first = this;
  }

  /** Those of a slot whose time has come. Called by the wheel. */
  static due(slot: Slot, nowMs: number): WheelEntry[] {
    const due: WheelEntry[] = [];
    for (let entry = slot.first; entry !== undefined; entry = entry.#next) {
      if (entry.atMs <= nowMs) due.push(entry);
    }
    return due;
  }

  /** Takes it out and lets it expire, unless it was cancelled meanwhile. Called by the wheel. */
  expire(): void {
    if (this.#slot === undefined) return;
    this.cancel();
    this.expired();
  }
}

/** A doubly linked list of entries, so that one can be taken out of the middle. */
interface Slot {
  readonly wheel: DeadlineWheel;
  first: WheelEntry | undefined;
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
  readonly #slots: readonly Slot[] = Array.from(
    { length: slotCount },
    () => ({ wheel: this, first: undefined }),
  );
  #size = 0;
  #tick = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The wheel that all who have this clock share: a hundred clients in one process need one timer. */
  static of(clock: Clock): DeadlineWheel {
    let wheel = wheels.get(clock);
    if (wheel === undefined) {
      wheel = new DeadlineWheel(clock);
      wheels.set(clock, wheel);
    }
    return wheel;
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
    const entry = new CallbackEntry(atMs, expired);
    this.insert(entry);
    return entry;
  }

  /** Lets an entry expire at its time, once. */
  insert(entry: WheelEntry): void {
    if (this.#timer === undefined) {
      this.#tick = Math.floor(this.#clock.now() / wheelTickMs);
      this.#timer = this.#clock.every(wheelTickMs, this.#advance);
    }
    const tick = Math.max(Math.floor(entry.atMs / wheelTickMs), this.#tick);
    entry.enter(this.#slots[tick % slotCount] as Slot);
    this.#size++;
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
      // Collected first: a callback may cancel its neighbours or add to this very slot.
      for (const entry of WheelEntry.due(this.#slots[tick % slotCount] as Slot, nowMs)) {
        entry.expire();
      }
    }
    if (this.#size === 0) {
      this.#timer?.cancel();
      this.#timer = undefined;
    }
  };
}

const wheels = new WeakMap<Clock, DeadlineWheel>();

class CallbackEntry extends WheelEntry {
  readonly #expired: () => void;

  constructor(atMs: number, expired: () => void) {
    super(atMs);
    this.#expired = expired;
  }

  protected override expired(): void {
    this.#expired();
  }
}
