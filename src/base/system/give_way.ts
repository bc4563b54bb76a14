import type { Clock } from "../clock.ts";
import { RpcError } from "../errors.ts";
import { unaskedMessagesMax } from "../limits.ts";

/**
 * Rounds of the event loop after which it has surely polled the system for input. While it is busy,
 * the runtime (tokio) polls once in 61 rounds. An empty round takes a microsecond.
 */
const roundsBetweenLooks = 64;

/**
 * Runs `callback` when all input that has arrived so far on other connections was handled. A timer
 * would do the same, but would waste two milliseconds.
 */
export function giveWay(callback: () => void): void {
  let rounds = 0;
  setImmediate(function next() {
    if (++rounds < roundsBetweenLooks) setImmediate(next);
    else callback();
  });
}

/**
 * Bytes of long messages that are read, checked or written before other connections get a turn. It
 * takes half a millisecond, and a pause a tenth of that.
 */
export const bytesBetweenPauses: number = 2 * 1024 * 1024;

/** The same while others ask. */
export const bytesBetweenBriefPauses: number = 256 * 1024;

/**
 * Short answers of a worker that are passed on before other connections get a turn: it takes some
 * tenths of a millisecond, and they are more than those of a client with 64 calls in flight.
 */
export const linesBetweenPauses = 128;

/** How long such answers may take, in milliseconds. Those that have to be parsed may be long. */
const shortMsBetweenPauses = 0.5;

/** Messages between two looks at the clock, unless they are long. */
const messagesBetweenLooks = 16;

/** About as many characters as {@link messagesBetweenLooks} short answers have together. */
const shortMessageLength = 1024;

/** A part of the work on many short messages, after which others get a turn. */
export class ShortPart {
  readonly #clock: Pick<Clock, "now">;
  #messages = 0;
  /** Set at the first look, so that a few short messages need none. */
  #endsAtMs: number | undefined;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Whether a message of this length belongs to it, too. The first one always does. */
  takes(length: number): boolean {
    const count = this.#messages++;
    if (count >= linesBetweenPauses) return false;
    const isLook = count % messagesBetweenLooks === 0 || length > shortMessageLength;
    if (count === 0 || !isLook) return true;
    const nowMs = this.#clock.now();
    this.#endsAtMs ??= nowMs + shortMsBetweenPauses;
    return nowMs < this.#endsAtMs;
  }
}

/** Longer messages are checked in steps. */
export const veryLongBytes: number = bytesBetweenPauses / 2;

/** Work on long messages, in steps between which others run. */
export interface LongWork {
  /** The length of a step. */
  readonly stepBytes: number;
  /** Counts so many bytes. Resolves after a pause; `undefined` if none is due. */
  after(bytes: number): Promise<void> | undefined;
}

/**
 * What a process's servers tell of those who ask meanwhile. It belongs to the process, as its one
 * thread does: a step of work on a long message holds up all of its servers, and who does the work,
 * such as the reader of a worker's answer, knows of none of their connections.
 */
export const others = {
  /** Whether somebody sends little, who would wait for a step: then steps are brief. */
  ask: false,
};

/** Counts the work on long messages, and pauses when it is time for others. */
export class Pauses implements LongWork {
  #bytes = 0;

  get stepBytes(): number {
    return others.ask ? bytesBetweenBriefPauses : bytesBetweenPauses;
  }

  after(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes < this.stepBytes) return undefined;
    this.#bytes = 0;
    return new Promise(giveWay);
  }
}

/** Bytes of blank lines that count as one message. */
const bytesOfMessage = 512;

/**
 * Bounds what a server may send unasked, such as answers to cancelled calls. Calls to other servers
 * run in between, and a client leaves a server that sends nothing else.
 */
export class Unasked {
  #inARow = 0;
  #sincePause = 0;

  /** To be called when the server has sent something that was asked for. */
  asked(): undefined {
    this.#inARow = 0;
  }

  /** To be called when a call was cancelled that may still get so many messages. */
  cancelled(messages: number): void {
    this.#inARow = Math.max(0, this.#inARow - messages);
  }

  /**
   * Counts a message, or so many bytes of blank lines. Returns a promise of a pause, or `undefined`
   * if none is due.
   *
   * @throws {RpcError} there were too many in a row
   */
  add(blankBytes = 0): Promise<void> | undefined {
    const messages = Math.max(1, Math.floor(blankBytes / bytesOfMessage));
    this.#inARow += messages;
    if (this.#inARow > unaskedMessagesMax) {
      const text = `it sent ${unaskedMessagesMax} messages that nobody asked for`;
      throw new RpcError("InvalidRequest", text);
    }
    this.#sincePause += messages;
    if (this.#sincePause < linesBetweenPauses) return undefined;
    this.#sincePause = 0;
    return new Promise(giveWay);
  }
}
