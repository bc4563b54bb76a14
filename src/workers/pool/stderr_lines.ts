/** Longest line of a worker's stderr that is logged, in UTF-16 code units: the rest of it is dropped. */
export const stderrLineLengthMax = 8_192;

/** Cuts what a worker prints into lines of bounded length. Bytes that are not UTF-8 become U+FFFD. */
export class StderrLines {
  readonly #decoder = new TextDecoder();
  #partial = "";

  /** The lines that the chunk completes; blank ones are left out. */
  push(chunk: Uint8Array): string[] {
    const pieces = (this.#partial + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#partial = clipped(pieces.pop() ?? "");
    return pieces.map(clipped).filter((line) => line !== "");
  }

  /** What was printed after the last line feed. */
  end(): string[] {
    return this.#partial === "" ? [] : [this.#partial];
  }
}

function clipped(line: string): string {
  return line.length > stderrLineLengthMax ? line.slice(0, stderrLineLengthMax) : line;
}
