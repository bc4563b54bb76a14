import { lineFeed } from "../../wire/lines.ts";

/**
 * Longest line of a worker's stderr that is logged, in UTF-16 code units: the rest of it is
 * dropped.
 */
export const stderrLineLengthMax = 8_192;

/**
 * Cuts what a worker prints into lines of bounded length. Bytes that are not UTF-8 become U+FFFD.
 */
export class StderrLines {
  #decoder = new TextDecoder();
  #partial = "";
  /** The line that was begun is skipped to its end. */
  #isSkipping = false;

  /** The lines that the chunk completes; blank ones are left out. */
  push(chunk: Uint8Array): string[] {
    let rest = chunk;
    if (this.#isSkipping) {
      const end = chunk.indexOf(lineFeed);
      if (end === -1) return [];
      this.#isSkipping = false;
      rest = chunk.subarray(end + 1);
    }
    const pieces = (this.#partial + this.#decoder.decode(rest, { stream: true })).split("\n");
    this.#partial = clipped(pieces.pop() ?? "");
    return pieces.map(clipped).filter((line) => line !== "");
  }

  /**
   * Drops the chunk, and returns how many lines are lost by that. A line that it only begins
   * counts.
   */
  skip(chunk: Uint8Array): number {
    let lost = 0;
    let isWithin = this.#isSkipping;
    if (this.#partial !== "") isWithin = (lost++, true);
    for (const byte of chunk) {
      if (byte === lineFeed) isWithin = false;
      else if (!isWithin) isWithin = (lost++, true);
    }
    this.#partial = "";
    this.#decoder = new TextDecoder();
    this.#isSkipping = isWithin;
    return lost;
  }

  /** What was printed after the last line feed. */
  end(): string[] {
    return this.#partial === "" ? [] : [this.#partial];
  }
}

function clipped(line: string): string {
  return line.length > stderrLineLengthMax ? line.slice(0, stderrLineLengthMax) : line;
}
