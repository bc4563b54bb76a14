import type { Timer } from "../../base/clock.ts";
import {
  dialsMax,
  handlesGrowMs,
  handlesReturnMs,
  handlesSpare,
  handlesUnasked,
} from "../endpoints/limits.ts";
import type { EndpointDependencies } from "../endpoints/endpoint_types.ts";

/** Somebody who wants a connection. */
export interface Dialer {
  /** How long it may try without an answer while others wait for a place. */
  readonly patienceMs: number;
  /** Called when its turn begins. */
  begin(): void;
  /** Ends its turn: it waits for the next one. */
  takeBack(): void;
  /** Ends its turn, since it took too long. It has to {@link DialPlaces.leave}. */
  giveUp(): void;
}

/**
 * Gives out the turns to connect. Each attempt and each connection takes a file handle, and a
 * process may have fewer of these than there are servers. Connected servers keep their handles, and
 * the others are tried in turns. Some handles are left for the rest of the process, so that it can
 * still read its registry, and take connections itself.
 *
 * The system tells how many handles there are, or we learn it by running out of them. An attempt
 * that found no handle waits for its next turn, and does not count against its server.
 */
export class DialPlaces {
  readonly #dependencies: EndpointDependencies;
  /** Those who wait, in the order of their turns. */
  readonly #queue = new Set<Dialer>();
  /** Those who try now, with the beginning of their turn, oldest first. */
  readonly #dialing = new Map<Dialer, number>();
  readonly #connected = new Set<Dialer>();
  /** How many handles may be held, as far as is known. */
  #handlesMax = handlesUnasked;
  /** Whether the system was asked for the number of handles, since more than a few were wanted. */
  #hasAsked = false;
  #hasTold = false;
  /** By how many handles to grow next. */
  #growth = handlesSpare + 1;
  #growAtMs = 0;
  /** Runs until the system has taken back closed handles. */
  #returning: Timer | undefined;
  #isClosed = false;

  constructor(dependencies: EndpointDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether anyone waits for a turn. */
  get isShort(): boolean {
    return this.#queue.size > 0;
  }

  /** Whether there are too few file handles. */
  get isOutOfHandles(): boolean {
    return this.isShort && this.#held >= this.#handlesMax;
  }

  /** Whether those that wait will get a turn: `false` if connections hold all handles. */
  get areMoving(): boolean {
    return this.#dialing.size > 0 || this.#connected.size === 0;
  }

  /** Begins a turn now, or as soon as there is a place. */
  enter(dialer: Dialer): void {
    this.#queue.add(dialer);
    this.#next();
  }

  /** It is connected and keeps its handle. Another one may be tried. */
  connected(dialer: Dialer): void {
    this.#dialing.delete(dialer);
    this.#connected.add(dialer);
    this.#next();
  }

  /** It holds no handle any more, and does not wait for one. */
  leave(dialer: Dialer): void {
    this.#dialing.delete(dialer);
    this.#connected.delete(dialer);
    this.#queue.delete(dialer);
    this.#next();
  }

  /** Its attempt found no handle: it waits for its next turn. */
  outOfHandles(dialer: Dialer): void {
    this.#dialing.delete(dialer);
    this.#queue.add(dialer);
    this.#tell();
    this.#hasAsked = true;
    this.#handlesMax = Math.max(1, this.#held - handlesSpare);
    this.#growth = handlesSpare + 1;
    this.#growAtMs = this.#dependencies.clock.now() + handlesGrowMs;
    // The newest ones, since the others are nearer to an answer.
    const surplus = Math.min(this.#held - this.#handlesMax, this.#dialing.size);
    if (surplus <= 0) return;
    for (const newest of [...this.#dialing.keys()].slice(-surplus)) {
      this.#dialing.delete(newest);
      this.#queue.add(newest);
      newest.takeBack();
    }
  }

  /** Gives turns to those that wait. Called every `heartbeatTickMs`. */
  tick(): void {
    if (!this.isShort) return;
    const nowMs = this.#dependencies.clock.now();
    // Before new turns begin, which do not hold a handle yet.
    if (nowMs >= this.#growAtMs) this.#grow(nowMs);
    const overdue = [...this.#dialing].filter(([dialer, sinceMs]) =>
      nowMs - sinceMs >= dialer.patienceMs
    ).slice(0, this.#queue.size);
    if (overdue.length === 0) return this.#next();
    this.#returning ??= this.#dependencies.clock.after(handlesReturnMs, () => {
      this.#returning = undefined;
      this.#next();
    });
    for (const [dialer] of overdue) dialer.giveUp();
  }

  /** Gives out no more turns. */
  close(): void {
    this.#isClosed = true;
    this.#returning?.cancel();
  }

  get #held(): number {
    return this.#dialing.size + this.#connected.size;
  }

  #next(): void {
    if (this.#isClosed || this.#returning !== undefined) return;
    for (const dialer of this.#queue) {
      if (this.#dialing.size >= dialsMax || !this.#isHandleLeft()) return;
      this.#queue.delete(dialer);
      this.#dialing.set(dialer, this.#dependencies.clock.now());
      dialer.begin();
    }
  }

  #isHandleLeft(): boolean {
    if (this.#held < this.#handlesMax) return true;
    if (!this.#hasAsked) {
      this.#hasAsked = true;
      const left = this.#handlesLeft();
      // Turns that have just begun may not hold a handle yet. The next tick corrects this.
      this.#handlesMax = this.#partOf(this.#connected.size + (left ?? Infinity));
      if (this.#held < this.#handlesMax) return true;
    }
    this.#tell();
    return false;
  }

  /** Adapts to the number of handles, which may have changed. */
  #grow(nowMs: number): void {
    this.#growAtMs = nowMs + handlesGrowMs;
    const left = this.#handlesLeft();
    if (left !== undefined) {
      this.#handlesMax = this.#partOf(this.#held + left);
      return;
    }
    this.#handlesMax = Math.max(this.#handlesMax, this.#held) + this.#growth;
    this.#growth *= 2;
  }

  /** How many of so many handles may be held. */
  #partOf(handles: number): number {
    const { handlesShare = 1 } = this.#dependencies;
    return Math.max(1, Math.floor((handles - handlesSpare) * handlesShare));
  }

  #handlesLeft(): number | undefined {
    return this.#dependencies.transport.handlesLeft?.();
  }

  #tell(): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#dependencies.log.warn("Too few file handles: servers are connected to in turns", {
      handles: this.#held,
      remedy: "ulimit -n",
    });
  }
}
