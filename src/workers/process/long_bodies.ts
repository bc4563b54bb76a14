import type { LentBytes } from "../../base/spare_buffers.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { LongLine } from "../../wire/message.ts";
import { BodyFile, newBodyPath } from "../body_file.ts";
import { bodyBytesMin } from "../limits.ts";
import { remove } from "../memory_files.ts";

/** The server's side of the long bodies of one worker, which needs no file before the first one. */
export class LongBodies {
  /** Where the file will be; `undefined`: it goes without. */
  readonly path: string | undefined = newBodyPath();
  #file: BodyFile | undefined;
  #isJoined = false;
  #isOver = this.path === undefined;

  /** A line for the pipe whose body is in the file, or the same line if it has to go as it is. */
  put(line: string | LongLine): string | LongLine {
    if (typeof line === "string" || line.body.length < bodyBytesMin || this.#isOver) return line;
    if (this.#file === undefined) this.#create();
    else if (!this.#isJoined) this.#isJoined = this.#file.isJoined;
    return this.#isJoined ? this.#file?.put(line) ?? line : line;
  }

  /** The worker opens it when the line reaches it that the file is made for. */
  #create(): void {
    this.#file = BodyFile.create(this.path as string);
    this.#isOver = this.#file === undefined;
  }

  /** Whether the body of any of the lines is in the file, which the worker may have just opened. */
  hold(lines: readonly AnyLine[]): boolean {
    return this.#file !== undefined && lines.some(BodyFile.holdsBodyOf);
  }

  /**
   * The line as it would have come through the pipe.
   *
   * @param bytesMax longest line, LF included
   * @throws {Error} the worker has broken the protocol
   */
  take(line: AnyLine, bytesMax: number): AnyLine {
    if (!BodyFile.holdsBodyOf(line)) return line;
    const whole = (this.#file as BodyFile).take(line) satisfies LentBytes;
    if (whole.length >= bytesMax) throw new Error(`it wrote a line of more than ${bytesMax} bytes`);
    return whole;
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
