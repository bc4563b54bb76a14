import { withoutColours } from "../../base/errors.ts";
import { lineFeed } from "../../wire/lines.ts";

/** Longest logged line of a worker's stderr, in UTF-16 code units: the rest is dropped. */
export const stderrLineLengthMax = 8_192;

/**
 * Cuts a worker's output into lines of bounded length. Bytes that are not UTF-8 become U+FFFD, and
 * colours are left out.
 */
export class StderrLines {
  #decoder = new TextDecoder();
  #partial = "";
  /** Whether the rest of the current line is skipped. */
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
    return pieces.map(shown).filter((line) => line !== "");
  }

  /**
   * Drops the chunk, and returns the number of lost lines, including an unfinished one.
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

  /** The output after the last LF. */
  end(): string[] {
    return [shown(this.#partial)].filter((line) => line !== "");
  }
}

/** A line as it is logged. */
function shown(line: string): string {
  return withoutColours(clipped(line));
}

function clipped(line: string): string {
  return line.length > stderrLineLengthMax ? line.slice(0, stderrLineLengthMax) : line;
}
