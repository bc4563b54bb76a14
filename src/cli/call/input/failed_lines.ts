import { messageOf } from "../../../base/errors.ts";
import { isSameFile } from "../../../base/paths.ts";
import { openToWrite } from "../../../terminal/open_to_write.ts";
import { UsageError } from "../../../base/command_error.ts";
import { writeWhole } from "../../../terminal/stdout.ts";

/** Writes the failed lines of an input to a file, from which they can be run again. */
export class FailedLines {
  readonly #file: Deno.FsFile;
  #count = 0;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Creates the file anew, so that it does not contain lines of another run.
   *
   * @param isGoingOn whether the run continues an earlier one, whose lines are kept
   * @throws {UsageError} it cannot be written, or is the input itself
   */
  static open(path: string, input: string, isGoingOn: boolean): FailedLines {
    if (input !== "-" && isSameFile(path, input)) {
      throw new UsageError(`Cannot write failed lines to ${path}: they are read from there`);
    }
    try {
      return new FailedLines(
        openToWrite(path, {
          create: true,
          ...(isGoingOn ? { append: true } : { write: true, truncate: true }),
        }),
      );
    } catch (error) {
      throw new UsageError(`Cannot write --failed ${path}: ${messageOf(error)}`);
    }
  }

  /** Lines that were added. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a line, given without LF, all of it or nothing. It is written at once, so that it survives
   * any end of the program.
   *
   * @throws {Error} it cannot be written
   */
  add(line: string): void {
    const lengthBefore = this.#file.statSync().size;
    try {
      writeWhole(this.#file, `${line}\n`);
    } catch (error) {
      this.#cutTo(lengthBefore);
      throw error;
    }
    this.#count++;
  }

  /** A full disk may have taken a part of a line, which the next one would be joined to. */
  #cutTo(length: number): void {
    try {
      this.#file.truncateSync(length);
      this.#file.seekSync(length, Deno.SeekMode.Start);
    } catch {
      // A pipe or a device.
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }
}
