import { RpcError } from "../base/errors.ts";
import { joined } from "../base/values/bytes.ts";
import { lineFeed, LineSplitter } from "./lines.ts";

/** How much is read at a time: enough for a few short lines. */
const firstReadBytes = 4_096;

/** Reads the first lines of a stream one by one, before somebody else reads the rest. */
export class FirstLines {
  readonly #source: { read(buffer: Uint8Array): Promise<number | null> };
  readonly #splitter: LineSplitter;
  readonly #buffer = new Uint8Array(firstReadBytes);
  /** Bytes that were read and not yet cut into lines. */
  #ahead: Uint8Array = new Uint8Array(0);
  #bytesLeft: number;

  /** @param bytesMax how much is read, all lines together */
  constructor(source: { read(buffer: Uint8Array): Promise<number | null> }, bytesMax: number) {
    this.#source = source;
    this.#splitter = new LineSplitter(bytesMax);
    this.#bytesLeft = bytesMax;
  }

  /** Whether {@link next} found no line because the lines are too long, not because of the end. */
  get isTooLong(): boolean {
    return this.#bytesLeft < 0;
  }

  /** Bytes that were read and that no {@link next} has returned. */
  get rest(): Uint8Array {
    return joined([this.#splitter.partial, this.#ahead]);
  }

  /**
   * The next line that is not blank, or `undefined` if there is none.
   *
   * @throws {RpcError} ParseError: it is not UTF-8
   */
  async next(): Promise<string | undefined> {
    while (true) {
      const end = this.#ahead.indexOf(lineFeed) + 1 || this.#ahead.length;
      const [line] = this.#splitter.push(this.#ahead.subarray(0, end));
      this.#ahead = this.#ahead.subarray(end);
      if (line instanceof RpcError) throw line;
      if (line !== undefined) return line;
      if (this.#ahead.length > 0) continue;
      const length = await this.#source.read(this.#buffer);
      if (length === null) return undefined;
      this.#bytesLeft -= length;
      if (this.isTooLong) return undefined;
      this.#ahead = this.#buffer.subarray(0, length);
    }
  }
}
