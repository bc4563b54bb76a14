import type { SessionLimits } from "./session_limits.ts";
import { StallTimer } from "./stall_timer.ts";

/** The progress of a connection, as numbers that change with it. */
interface Progress {
  /** Bytes written, while there is output. */
  readonly written: number | undefined;
  /** Lines read, while a line is unfinished. */
  readonly line: number | undefined;
  /** Reads, while nothing is under way. */
  readonly idle: number | undefined;
}

/** Why a connection is to be closed. */
export type Stall = "unread" | "line" | "idle";

/** Finds peers that have stopped reading, writing, or sending anything at all. */
export class PeerWatch {
  readonly #unread: StallTimer;
  readonly #line: StallTimer;
  readonly #idle: StallTimer;

  constructor(limits: SessionLimits) {
    this.#unread = new StallTimer(limits.writeStallTimeoutMs);
    this.#line = new StallTimer(limits.partialLineTimeoutMs);
    this.#idle = new StallTimer(limits.idleTimeoutMs);
  }

  /** Checks a connection. To be called periodically. */
  look({ written, line, idle }: Progress, nowMs: number): Stall | undefined {
    if (this.#unread.isStalled(written, nowMs)) return "unread";
    if (this.#line.isStalled(line, nowMs)) return "line";
    return this.#idle.isStalled(idle, nowMs) ? "idle" : undefined;
  }
}
