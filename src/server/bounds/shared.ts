import type { Clock } from "../../base/clock.ts";
import { partialLinesBytesMax, requestsBytesMax, unreadBytesMax } from "../../base/limits.ts";
import type { LogFields } from "../../base/log.ts";
import { Budget } from "../../base/bounds/budget.ts";
import { RequestBytes } from "./request_bytes.ts";
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
  /** Requests under way. */
  readonly requests: RequestBytes;
  /** Is told of a connection that had to end because of what all of them take together. */
  readonly madeRoom: (fields: LogFields) => void;

  /** @param connections how many there are */
  constructor(
    clock: Clock,
    connections: () => number,
    limits: SharedLimits = {},
    madeRoom: (fields: LogFields) => void = () => {},
  ) {
    this.turns = new Turns(clock, () => connections() < 2);
    this.partialLines = new Budget(limits.partialLinesBytesMax ?? partialLinesBytesMax, clock);
    this.unread = new Budget(limits.unreadBytesMax ?? unreadBytesMax, clock);
    this.requests = new RequestBytes(limits.requestsBytesMax ?? requestsBytesMax);
    this.madeRoom = madeRoom;
  }
}
