import type { LentBytes } from "../../base/spare_buffers.ts";
import type { AnyLine } from "../../wire/lines.ts";
import { longTextLength } from "../../wire/codec.ts";
import type { LongLine } from "../../wire/message.ts";
import { lineText } from "../../wire/unread/bytes.ts";
import { BodyFile, newBodyPath } from "../body_file.ts";
import { bodyBytesApart, bodyBytesMin } from "../limits.ts";
import { remove } from "../memory_files.ts";

/** The server's side of the long lines of one worker, which needs no file before the first one. */
export class LongBodies {
  /** Where the file will be; `undefined`: it goes without. */
  readonly path: string | undefined = newBodyPath();
  #file: BodyFile | undefined;
  #isJoined = false;
  #isOver = this.path === undefined;

  /**
   * The line for the pipe that says where this one is, or the same if it has to go as it is. One at
   * a time.
   */
  put(line: LongLine): string | LongLine | Promise<string | LongLine> {
    if (line.length < bodyBytesMin || this.#isOver) return line;
    if (this.#file === undefined) this.#create();
    else if (!this.#isJoined) this.#isJoined = this.#file.isJoined;
    if (!this.#isJoined || this.#file === undefined) return line;
    return isForApart(line) ? this.#putApart(line, this.#file) : this.#file.put(line) ?? line;
  }

  async #putApart(line: LongLine<LentBytes>, file: BodyFile): Promise<string | LongLine> {
    return await file.putApart(line) ?? line;
  }

  /** The worker opens it when the line reaches it that the file is made for. */
  #create(): void {
    this.#file = BodyFile.create(this.path as string);
    this.#isOver = this.#file === undefined;
  }

  /** Whether any of the lines is in the file, which the worker may have just opened. */
  hold(lines: readonly AnyLine[]): boolean {
    return this.#file !== undefined && lines.some(BodyFile.holdsBodyOf);
  }

  /**
   * The line as it would have come through the pipe.
   *
   * @param bytesMax longest line, LF included
   * @throws {Error} (or rejects with it) the worker has broken the protocol
   */
  take(line: AnyLine, bytesMax: number): AnyLine | Promise<AnyLine> {
    if (!BodyFile.holdsBodyOf(line)) return line;
    const whole = (this.#file as BodyFile).takeApart(line, bytesMax);
    if (whole instanceof Promise) return whole;
    return whole.length > longTextLength ? whole : lineText(whole);
  }

  /** Deletes the file. All lines go as they are from now on. */
  close(): void {
    this.#isOver = true;
    if (this.#file === undefined) return;
    this.#file.close();
    this.#file = undefined;
    remove(this.path as string);
  }
}

function isForApart(line: LongLine): line is LongLine<LentBytes> {
  return typeof line.body !== "string" && line.body.length >= bodyBytesApart;
}
