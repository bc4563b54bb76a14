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
  #last: Progress = { written: undefined, line: undefined, idle: undefined };
  #isUnreadStuck = false;
  #isLineStuck = false;

  constructor(limits: SessionLimits) {
    this.#unread = new StallTimer(limits.writeStallTimeoutMs);
    this.#line = new StallTimer(limits.partialLineTimeoutMs);
    this.#idle = new StallTimer(limits.idleTimeoutMs);
  }

  /** Whether nothing was read of what waits, from one look to the next. */
  get isUnreadStuck(): boolean {
    return this.#isUnreadStuck;
  }

  /** Whether the same unfinished line was there at the look before. */
  get isLineStuck(): boolean {
    return this.#isLineStuck;
  }

  /** Looks at a connection, now and then. */
  look(progress: Progress, nowMs: number): Stall | undefined {
    const { written, line, idle } = progress;
    this.#isUnreadStuck = written !== undefined && written === this.#last.written;
    this.#isLineStuck = line !== undefined && line === this.#last.line;
    this.#last = progress;
    if (this.#unread.isStalled(written, nowMs)) return "unread";
    if (this.#line.isStalled(line, nowMs)) return "line";
    return this.#idle.isStalled(idle, nowMs) ? "idle" : undefined;
  }
}
