import type { Timer } from "../../base/clock.ts";
import {
  dialsMax,
  handlesGrowMs,
  handlesReturnMs,
  handlesSpare,
  handlesUnasked,
} from "./limits.ts";
import type { EndpointDependencies } from "./endpoint_types.ts";

/** Who wants a connection. */
export interface Dialer {
  /** How long it keeps its place while nothing is heard and others wait for one. */
  readonly patienceMs: number;
  /** It is its turn. Called at each turn, once. */
  begin(): void;
  /** Ends its turn: it waits again. */
  takeBack(): void;
  /** Ends its turn: it has had its time. It has to {@link DialPlaces.leave}. */
  giveUp(): void;
}

/**
 * Whose turn it is to be connected to. Each attempt and each connection takes a file handle, of
 * which a process may have fewer than there are servers: those that are reached keep theirs, and
 * the others are tried in turns, as far as handles go. Some are left for what else the process
 * does, so that it can still read its registry.
 *
 * How many handles there are the system says, or it is learned by running out of them. An attempt
 * that found none waits for its next turn, and nothing is held against its server.
 */
export class DialPlaces {
  readonly #dependencies: EndpointDependencies;
  /** In the order of their turns. */
  readonly #queue = new Set<Dialer>();
  /** Since when they are tried, oldest first. */
  readonly #dialing = new Map<Dialer, number>();
  readonly #connected = new Set<Dialer>();
  /** Handles that may be held, as far as is known. */
  #handlesMax = handlesUnasked;
  /** Whether more than a few were ever wanted. */
  #hasAsked = false;
  #hasTold = false;
  /** By how much more is tried next. */
  #growth = handlesSpare + 1;
  #growAtMs = 0;
  /** Until handles that were given up can be taken. */
  #returning: Timer | undefined;
  #isClosed = false;

  constructor(dependencies: EndpointDependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether anyone waits for a turn. */
  get isShort(): boolean {
    return this.#queue.size > 0;
  }

  /** Whether handles are what there is too little of. */
  get isOutOfHandles(): boolean {
    return this.isShort && this.#held >= this.#handlesMax;
  }

  /** Whether those that wait have a turn soon: `false` if connections hold all there is. */
  get areMoving(): boolean {
    return this.#dialing.size > 0 || this.#connected.size === 0;
  }

  /** Takes a place, now or as soon as there is one. */
  enter(dialer: Dialer): void {
    this.#queue.add(dialer);
    this.#next();
  }

  /** It is connected: it keeps its handle, and another one may be tried. */
  connected(dialer: Dialer): void {
    this.#dialing.delete(dialer);
    this.#connected.add(dialer);
    this.#next();
  }

  /** It holds nothing any more, and waits for nothing. */
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
    // The newest ones: the others are nearer to an answer.
    const surplus = Math.min(this.#held - this.#handlesMax, this.#dialing.size);
    if (surplus <= 0) return;
    for (const newest of [...this.#dialing.keys()].slice(-surplus)) {
      this.#dialing.delete(newest);
      this.#queue.add(newest);
      newest.takeBack();
    }
  }

  /** Lets those have a turn that wait for one. Called every `heartbeatTickMs`. */
  tick(): void {
    if (!this.isShort) return;
    const nowMs = this.#dependencies.clock.now();
    // Before others begin, which have no handle yet.
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

  /** Nobody has a turn any more. */
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
      // Those that have just begun may have none yet: the next tick knows better.
      this.#handlesMax = Math.max(1, this.#connected.size + (left ?? Infinity) - handlesSpare);
      if (this.#held < this.#handlesMax) return true;
    }
    this.#tell();
    return false;
  }

  /** There may be more handles than before, or fewer. */
  #grow(nowMs: number): void {
    this.#growAtMs = nowMs + handlesGrowMs;
    const left = this.#handlesLeft();
    if (left !== undefined) {
      this.#handlesMax = Math.max(1, this.#held + left - handlesSpare);
      return;
    }
    this.#handlesMax = Math.max(this.#handlesMax, this.#held) + this.#growth;
    this.#growth *= 2;
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
