import type { Clock } from "../../base/clock.ts";
import { partialLinesBytesMax, requestsBytesMax, unreadBytesMax } from "../limits.ts";
import type { LogFields } from "../../base/log.ts";
import { isGranted } from "../../base/system/is_granted.ts";
import { Budget } from "../../base/bounds/budget.ts";
import { RequestBytes } from "./request_bytes.ts";
import { Flow } from "../turns/flow.ts";
import { Turns } from "../turns/turns.ts";

/** Bounds on all connections together. @default those in `server/limits.ts` */
export interface SharedLimits {
  readonly partialLinesBytesMax?: number | undefined;
  readonly unreadBytesMax?: number | undefined;
  readonly requestsBytesMax?: number | undefined;
}

/** The bounds of a server that takes messages of this length. */
export function sharedLimitsFor(messageMax: number): SharedLimits {
  return {
    partialLinesBytesMax: Math.max(partialLinesBytesMax, 4 * messageMax),
    unreadBytesMax: Math.max(unreadBytesMax, 8 * messageMax),
    requestsBytesMax: Math.max(requestsBytesMax, 8 * messageMax),
  };
}

/**
 * What to say of a machine whose memory callers can fill together: they may have a server hold all
 * that its bounds allow. `undefined`: there is enough, or nobody knows.
 *
 * @param memoryBytes the machine's memory. @default asked of the system, if that is allowed
 */
export function memoryWarning(
  messageMax: number,
  memoryBytes: number | undefined = ownMemoryBytes(),
): LogFields | undefined {
  const bounds = Object.values(sharedLimitsFor(messageMax)) as number[];
  const mayHoldBytes = bounds.reduce((sum, bound) => sum + bound);
  if (memoryBytes === undefined || mayHoldBytes <= memoryBytes) return undefined;
  return { messageMax, mayHoldBytes, memoryBytes };
}

function ownMemoryBytes(): number | undefined {
  const permission = { name: "sys", kind: "systemMemoryInfo" } as const;
  return isGranted(permission) ? Deno.systemMemoryInfo().total : undefined;
}

/** What all connections of one server share. */
export class Shared {
  readonly turns: Turns;
  /** Long messages that are read and written. */
  readonly flow: Flow;
  /** Unfinished lines. */
  readonly partialLines: Budget;
  /** Unread answers. */
  readonly unread: Budget;
  /** Requests under way. */
  readonly requests: RequestBytes;
  /** Called for a connection that was closed because all together took too much. */
  readonly madeRoom: (fields: LogFields) => void;

  /** @param connections tells how many there are */
  constructor(
    clock: Clock,
    connections: () => number,
    limits: SharedLimits = {},
    madeRoom: (fields: LogFields) => void = () => {},
  ) {
    this.turns = new Turns(clock, () => connections() < 2);
    this.flow = new Flow(this.turns);
    this.partialLines = new Budget(limits.partialLinesBytesMax ?? partialLinesBytesMax, clock);
    this.unread = new Budget(limits.unreadBytesMax ?? unreadBytesMax, clock);
    this.requests = new RequestBytes(limits.requestsBytesMax ?? requestsBytesMax);
    this.madeRoom = madeRoom;
  }
}
