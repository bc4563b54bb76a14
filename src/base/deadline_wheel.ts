import type { Clock, Timer } from "./clock.ts";
import { giveWay } from "./system/give_way.ts";

/** How late a deadline may be noticed, in milliseconds. */
export const wheelTickMs = 5;

/** How long the timer goes on after the last deadline was cancelled, in milliseconds. */
export const wheelLingerMs = 2_000;

/** How long deadlines that are due together expire before others run, in milliseconds. */
const msBetweenPauses = 0.5;

/** Expiries between two looks at the clock: one takes some microseconds. */
const expiriesBetweenLooks = 8;

const slotCount = 512;

const lingerTicks = wheelLingerMs / wheelTickMs;

/** A deadline in a {@link DeadlineWheel}, as whoever may cancel it sees it. */
export interface Deadline {
  /** Forgets it: constant time. After it expired, or twice, this does nothing. */
  cancel(): void;
}

/**
 * An entry of a wheel. What always has a deadline, such as a call, extends this class, so that it
 * is one object and not two.
 */
export abstract class WheelEntry implements Deadline {
  #atMs: number;
  #slot: Slot | undefined;
  #next: WheelEntry | undefined;
  #previous: WheelEntry | undefined;

  constructor(atMs: number) {
    this.#atMs = atMs;
  }

  /** On the clock's monotonic scale. */
  get atMs(): number {
    return this.#atMs;
  }

  /** Sets its time to a later one. */
  protected moveBy(lateMs: number): void {
    const slot = this.#slot;
    const before = tickOf(this.#atMs);
    this.#atMs += lateMs;
    if (slot === undefined || before === tickOf(this.#atMs)) return;
    this.cancel();
    slot.wheel.insert(this);
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

  /** Adds the entries of a slot whose time has come to a list. Called by the wheel. */
  static addDue(due: WheelEntry[], slot: Slot | undefined, nowMs: number): void {
    for (let entry = slot?.first; entry !== undefined; entry = entry.#next) {
      if (entry.#atMs <= nowMs) due.push(entry);
    }
  }

  /**
   * Takes it out and expires it, unless it was cancelled or moved meanwhile. Called by the wheel.
   */
  expire(nowMs: number): void {
    if (this.#slot === undefined || this.#atMs > nowMs) return;
    this.cancel();
    this.expired();
  }
}

/** Rounded up, so that all in a slot are due when its tick comes. */
function tickOf(atMs: number): number {
  return Math.ceil(atMs / wheelTickMs);
}

/** A doubly linked list of entries, so that one can be taken out of the middle. */
interface Slot {
  readonly wheel: DeadlineWheel;
  first: WheelEntry | undefined;
}

/**
 * Deadlines of many calls under one timer: a hashed timing wheel (Varghese and Lauck, "Hashed and
 * Hierarchical Timing Wheels", 1987, scheme 6). Adding and cancelling take constant time, which
 * matters because nearly every deadline is cancelled. It is coarse: a deadline expires up to
 * {@link wheelTickMs} late, and later still if the timer is late, but never early. If many are due
 * together, others run after each half a millisecond of their callbacks.
 *
 * The timer does not fire at every tick: in a process that waits for one long call, that would cost
 * more than the call. It is set to the next slot that holds an entry, due in this turn of the wheel
 * or in a later one, and at most {@link wheelLingerMs} ahead.
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  /** Each is made when it is first used: to make all of them would slow short programs down. */
  readonly #slots = new Array<Slot | undefined>(slotCount).fill(undefined);
  #size = 0;
  /** The last tick whose entries have expired. */
  #tick = 0;
  #timer: Timer | undefined;
  /** The tick that the timer is set to; infinite without one. */
  #timerTick = Infinity;
  /** What is due, and how many of these have expired. */
  #due: WheelEntry[] = [];
  #expired = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The wheel of this clock: a hundred clients in one process need one timer. */
  static of(clock: Clock): DeadlineWheel {
    let wheel = wheels.get(clock);
    if (wheel === undefined) {
      wheel = new DeadlineWheel(clock);
      wheels.set(clock, wheel);
    }
    return wheel;
  }

  /** What its clock says. */
  get nowMs(): number {
    return this.#clock.now();
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
    if (this.#timer === undefined) this.#tick = Math.floor(this.#clock.now() / wheelTickMs);
    const tick = Math.max(tickOf(entry.atMs), this.#tick + 1);
    entry.enter(this.#slots[tick % slotCount] ??= { wheel: this, first: undefined });
    this.#size++;
    if (tick < this.#timerTick) this.#ringAt(Math.min(tick, this.#tick + lingerTicks));
  }

  /** Counts an entry that has left its slot. Called by the entries. */
  removed(): void {
    this.#size--;
  }

  readonly #advance = (): void => {
    const nowMs = this.#clock.now();
    const now = Math.floor(nowMs / wheelTickMs);
    // After a long pause (a suspended machine) every slot is looked at once, not once a tick
    // missed.
    const from = Math.max(this.#tick + 1, now - slotCount + 1);
    this.#tick = now;
    const isGoing = this.#due.length > 0;
    // Collected first: a callback may cancel its neighbours or add to this very slot.
    for (let tick = from; tick <= now; tick++) {
      WheelEntry.addDue(this.#due, this.#slots[tick % slotCount], nowMs);
    }
    if (!isGoing) this.#expireDue();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerTick = Infinity;
    if (this.#size > 0) this.#ringAt(this.#nextUsed(now + 1, now + lingerTicks));
  };

  readonly #expireDue = (): void => {
    const due = this.#due;
    const nowMs = this.#clock.now();
    while (this.#expired < due.length) {
      due[this.#expired++]?.expire(nowMs);
      if (this.#expired % expiriesBetweenLooks > 0) continue;
      if (this.#clock.now() - nowMs >= msBetweenPauses) return giveWay(this.#expireDue);
    }
    this.#due = [];
    this.#expired = 0;
  };

  /** The first tick from one on whose slot holds anything; `last` if there is none before that. */
  #nextUsed(first: number, last: number): number {
    let tick = first;
    while (tick < last && this.#slots[tick % slotCount]?.first === undefined) tick++;
    return tick;
  }

  #ringAt(tick: number): void {
    this.#timer?.cancel();
    this.#timerTick = tick;
    const delayMs = Math.max(tick * wheelTickMs - this.#clock.now(), 0);
    // Whoever waits for a call waits for its connection too, which keeps the process alive.
    this.#timer = this.#clock.after(delayMs, this.#advance, { keepAlive: false });
  }
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
