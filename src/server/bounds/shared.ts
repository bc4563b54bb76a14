import type { Clock } from "../../base/clock.ts";
import { partialLinesBytesMax, requestsBytesMax, unreadBytesMax } from "../../base/limits.ts";
import { Budget } from "./budget.ts";
import { Turns } from "./turns.ts";

/** Bounds of all connections together; @default what `base/limits.ts` says */
export interface SharedLimits {
  readonly partialLinesBytesMax?: number | undefined;
  readonly unreadBytesMax?: number | undefined;
  readonly requestsBytesMax?: number | undefined;
}

/** What holds where messages may be so long. */
export function sharedLimitsFor(messageMax: number): SharedLimits {
  return {
    partialLinesBytesMax: Math.max(partialLinesBytesMax, 4 * messageMax),
    unreadBytesMax: Math.max(unreadBytesMax, 8 * messageMax),
    requestsBytesMax: Math.max(requestsBytesMax, 8 * messageMax),
  };
}

/** What all connections of one server share. */
export class Shared {
  readonly turns: Turns;
  /** Lines that have begun. */
  readonly partialLines: Budget;
  /** Answers that nobody has read. */
  readonly unread: Budget;
  readonly requestsBytesMax: number;
  /** Bytes of the requests under way. */
  requestBytes = 0;

  /** @param connections how many there are */
  constructor(clock: Clock, connections: () => number, limits: SharedLimits = {}) {
    this.turns = new Turns(clock, () => connections() < 2);
    this.partialLines = new Budget(limits.partialLinesBytesMax ?? partialLinesBytesMax);
    this.unread = new Budget(limits.unreadBytesMax ?? unreadBytesMax);
    this.requestsBytesMax = limits.requestsBytesMax ?? requestsBytesMax;
  }
}
