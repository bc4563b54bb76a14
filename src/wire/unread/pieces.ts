import type { LentBytes } from "../../base/spare_buffers.ts";
import type { LongLine } from "../message.ts";

/** What is to be written of a long line. */
type Placed = string | LongLine;

/** Puts a long line elsewhere, and returns what is to be written in its place, or the same line. */
export type Place = (line: LongLine) => Placed | Promise<Placed>;

/** What waits: text, long bytes, or a long line that is to be placed. */
type Piece = string | LentBytes | LongLine;

/** Long things that wait to be written, in their order. */
export class Pieces {
  #all: Piece[] = [];
  #length = 0;
  #slackBytes = 0;
  #isDropped = false;

  /** Their length, counting one byte for each character. */
  get length(): number {
    return this.#length;
  }

  /** Unused bytes in their buffers. */
  get slackBytes(): number {
    return this.#slackBytes;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The length of the first one, if it can be taken; `undefined`: there is none. */
  get nextLength(): number | undefined {
    const first = this.#all[0];
    return first === undefined || !isLine(first) ? first?.length : Infinity;
  }

  add(piece: Piece): void {
    this.#all.push(piece);
    this.#length += piece.length;
    this.#slackBytes += slackOf(piece);
  }

  /** Removes and returns the first one, which is placed if it was a line. */
  take(): string | LentBytes | undefined {
    const piece = this.#all.shift() as string | LentBytes | undefined;
    if (piece === undefined) return undefined;
    this.#length -= piece.length;
    this.#slackBytes -= slackOf(piece);
    return piece;
  }

  /** Lets go of all of them, for good. */
  drop(): void {
    this.#isDropped = true;
    for (const piece of this.#all) letGoOf(piece);
    this.#all = [];
    this.#length = 0;
    this.#slackBytes = 0;
  }

  /**
   * Places the lines among the first ones, of so many bytes together or one. Returns a promise if
   * one of them takes its time.
   */
  placeNext(place: Place, bytesMax: number): Promise<void> | undefined {
    let length = 0;
    for (let at = 0; at < this.#all.length; at++) {
      const line = this.#all[at] as Piece;
      length += line.length;
      if (at > 0 && length > bytesMax) return undefined;
      if (!isLine(line)) continue;
      this.#slackBytes -= slackOf(line);
      const placed = place(line);
      if (placed instanceof Promise) return this.#placeApart(at, line.length, placed);
      this.#replace(at, line.length, placed);
    }
    return undefined;
  }

  /** The line is nobody else's meanwhile. */
  async #placeApart(at: number, length: number, placing: Promise<Placed>): Promise<void> {
    this.#all[at] = "";
    const placed = await placing;
    if (!this.#isDropped) this.#replace(at, length, placed);
    else if (typeof placed !== "string") letGoOf(placed);
  }

  #replace(at: number, length: number, placed: Placed): void {
    const pieces = typeof placed === "string" ? [placed] : [placed.head, placed.body, placed.tail];
    this.#all.splice(at, 1, ...pieces);
    this.#length -= length;
    for (const piece of pieces) {
      this.#length += piece.length;
      this.#slackBytes += slackOf(piece);
    }
  }
}

function isLine(piece: Piece): piece is LongLine {
  return typeof piece !== "string" && "body" in piece;
}

function letGoOf(piece: Piece): void {
  if (isLine(piece)) letGoOf(piece.body);
  else if (typeof piece !== "string") piece.letGo();
}

function slackOf(piece: Piece): number {
  if (typeof piece === "string") return 0;
  return isLine(piece) ? slackOf(piece.body) : piece.heldBytes - piece.length;
}
