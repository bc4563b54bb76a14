/**
 * Answers of short calls, which a worker keeps for a moment to write several at once. Each of them
 * is in the mapped part of the claim file before the next call begins, so none is lost if that call
 * turns out to be long or ends the process: then the server reads them there. All of them are
 * written later too, unless the process has ended. Whoever has read one already ignores it then.
 *
 * A number tells how many bytes are kept, and in which round: it changes when they were written.
 * The server reads it before and after the bytes, so it notices if they were replaced meanwhile.
 */

import { keptAnswersBytesMax } from "./limits.ts";

/** The number, and what aligns the rest. */
const headBytes = 8;

/** The length of that part. */
export const keptBytes: number = headBytes + keptAnswersBytesMax;

const lengthBits = 14;
const lengthMask = 2 ** lengthBits - 1;
const roundMask = 2 ** (31 - lengthBits) - 1;

/** How often it is tried to read them while the worker replaces them, which holds nothing up. */
const triesMax = 8;

const encoder = new TextEncoder();

/** The worker's side. */
export class KeptAnswers {
  readonly #state: Int32Array;
  readonly #bytes: Uint8Array;
  #length = 0;
  #round = 0;
  #count = 0;

  /** @param start where in memory the part of the file begins */
  constructor(memory: ArrayBuffer, start: number) {
    this.#state = new Int32Array(memory, start, 1);
    this.#bytes = new Uint8Array(memory, start + headBytes, keptAnswersBytesMax);
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** Keeps an answer. Returns `false` if there is no room for it. */
  add(line: string): boolean {
    const { read, written } = encoder.encodeInto(line, this.#bytes.subarray(this.#length));
    if (read < line.length) return false;
    this.#length += written;
    this.#count++;
    this.#publish();
    return true;
  }

  /** Hands them to `write`, and keeps none of them any more once it returns. */
  write(write: (bytes: Uint8Array) => void): void {
    if (this.#count === 0) return;
    write(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    this.#count = 0;
    this.#round = (this.#round + 1) & roundMask;
    this.#publish();
  }

  #publish(): void {
    Atomics.store(this.#state, 0, this.#round << lengthBits | this.#length);
  }
}

/**
 * The answers that a worker keeps, as lines: the server's side. There are none if it is just
 * writing them, again and again.
 *
 * @param read fills a buffer from the beginning of the part of the file
 */
export function readKeptAnswers(read: (bytes: Uint8Array) => void): readonly string[] {
  const state = new Int32Array(1);
  const bytes = new Uint8Array(keptBytes);
  for (let tries = 0; tries < triesMax; tries++) {
    read(new Uint8Array(state.buffer));
    const [before = 0] = state;
    read(bytes);
    read(new Uint8Array(state.buffer));
    // Within a round answers are only added.
    if ((state[0] ?? 0) >> lengthBits !== before >> lengthBits) continue;
    const kept = bytes.subarray(headBytes, headBytes + (before & lengthMask));
    return new TextDecoder().decode(kept).split("\n").slice(0, -1);
  }
  return [];
}
