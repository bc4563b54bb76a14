import type { SessionLimits } from "./session_limits.ts";
import { StallTimer } from "./stall_timer.ts";

/** What a connection has come to, as numbers that change with any progress. */
interface Progress {
  /** Bytes written, while there are some to write. */
  readonly written: number | undefined;
  /** Lines read, while one has begun. */
  readonly line: number | undefined;
  /** Reads, while nothing is under way. */
  readonly idle: number | undefined;
}

/** Why a connection should end. */
export type Stall = "unread" | "line" | "idle";

/** Finds peers that have stopped to read, to write or to come. */
export class PeerWatch {
  readonly #unread: StallTimer;
  readonly #line: StallTimer;
  readonly #idle: StallTimer;

  constructor(limits: SessionLimits) {
    this.#unread = new StallTimer(limits.writeStallTimeoutMs);
    this.#line = new StallTimer(limits.partialLineTimeoutMs);
    this.#idle = new StallTimer(limits.idleTimeoutMs);
  }

  /** Looks at a connection, now and then. */
  look({ written, line, idle }: Progress, nowMs: number): Stall | undefined {
    if (this.#unread.isStalled(written, nowMs)) return "unread";
    if (this.#line.isStalled(line, nowMs)) return "line";
    return this.#idle.isStalled(idle, nowMs) ? "idle" : undefined;
  }
}
