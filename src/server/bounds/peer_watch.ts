import { lineBytesPerMsLeast, type SessionLimits } from "./session_limits.ts";
import { StallTimer } from "./stall_timer.ts";

/** The progress of a connection, as numbers that change with it. */
interface Progress {
  /** Bytes written, while there is output. */
  readonly written: number | undefined;
  /** Lines read, while a line is unfinished. */
  readonly line: number | undefined;
  /** Bytes of the unfinished line. */
  readonly lineBytes: number;
  /** Bytes read, while nothing is under way. */
  readonly idle: number | undefined;
}

/** From so many bytes on, read between two looks, a peer is sending much. */
const muchBytes = 4 * 1024;

/**
 * A peer that has ended its side is asked at so many looks whether it is still there. The system of
 * a dead one resets the connection at the first, and writing the second tells.
 */
const looksToAskFirst = 2;

/**
 * Later it is asked at each so many looks. If the network has ended only one way, the client asks
 * too, and is not heard: it has to find out by our silence, and gives up before the next look.
 */
const looksToAskAgain = 8;

/** Why a connection is to be closed. */
export type Stall = "unread" | "line" | "idle";

/** Finds peers that have stopped reading, writing, or sending anything at all. */
export class PeerWatch {
  readonly #unread: StallTimer;
  readonly #line: StallTimer;
  readonly #idle: StallTimer;
  #bytesRead = 0;
  #bytesPushed = 0;
  #looksSinceEnd = 0;

  constructor(limits: SessionLimits) {
    this.#unread = new StallTimer(limits.writeStallTimeoutMs);
    this.#line = new StallTimer(limits.partialLineTimeoutMs);
    this.#idle = new StallTimer(limits.idleTimeoutMs);
  }

  /** Checks a connection. To be called periodically. */
  look({ written, line, lineBytes, idle }: Progress, nowMs: number): Stall | undefined {
    if (this.#unread.isStalled(written, nowMs)) return "unread";
    if (this.#line.isStalled(line, nowMs, lineBytes / lineBytesPerMsLeast)) return "line";
    return this.#idle.isStalled(idle, nowMs) ? "idle" : undefined;
  }

  /**
   * Whether since the last time much came and nothing was sent to the peer, which shall be sent a
   * blank line then. On a slow network it may take long until it gets an answer, even to a ping.
   *
   * @param bytesPushed bytes that were written or wait to be
   */
  isListening(bytesRead: number, bytesPushed: number): boolean {
    const isSilent = bytesPushed === this.#bytesPushed;
    const isListening = isSilent && bytesRead - this.#bytesRead >= muchBytes;
    this.#bytesRead = bytesRead;
    // The blank line is no reason to send none the next time.
    this.#bytesPushed = bytesPushed + (isListening ? 1 : 0);
    return isListening;
  }

  /** Whether to ask a peer that has ended its side at this look. To be called at each of them. */
  isToAsk(): boolean {
    const looks = ++this.#looksSinceEnd;
    return looks <= looksToAskFirst || looks % looksToAskAgain === 0;
  }
}
