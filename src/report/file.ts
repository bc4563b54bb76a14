import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import { openToWrite } from "../terminal/open_to_write.ts";
import { writeWhole } from "../terminal/stdout.ts";

/**
 * The file of a report that is written at the end of a long command. It is opened at the beginning,
 * so that an error is found early, and keeps its old content until then. Any exit closes it.
 */
export class ReportFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #isNew: boolean;
  readonly #leave = () => this.close();
  #isWritten = false;
  #isClosed = false;

  /** @throws {CommandError} it cannot be written */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#isNew = isMissing(path);
      this.#file = openToWrite(path, { write: true, create: true });
    } catch (error) {
      throw this.#problem(error);
    }
    globalThis.addEventListener("unload", this.#leave);
  }

  /**
   * Writes the report in place of what was there. On a full disk that stays as it was.
   *
   * @throws {CommandError} it cannot be written
   */
  write(text: string): void {
    try {
      const { isFile, size } = this.#file.statSync();
      if (isFile) replaceContent(this.#file, size, new TextEncoder().encode(text));
      else writeWhole(this.#file, text);
      this.#isWritten = true;
    } catch (error) {
      throw this.#problem(error);
    }
  }

  /**
   * Closes the file, and removes it if it is new and holds no report. Does nothing the second time.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    globalThis.removeEventListener("unload", this.#leave);
    this.#file.close();
    if (this.#isWritten || !this.#isNew) return;
    try {
      Deno.removeSync(this.#path);
    } catch {
      // Somebody else has removed it.
    }
  }

  #problem(error: unknown): CommandError {
    const text = `Cannot write the report ${this.#path}: ${messageOf(error)}`;
    return new CommandError(text, { cause: error });
  }
}

/**
 * Not by another file that takes its place: the place may be a link, and its directory closed. What
 * needs more room than there was comes first, before anything of the old content is overwritten.
 */
function replaceContent(file: Deno.FsFile, size: number, bytes: Uint8Array): void {
  try {
    writeAt(file, size, bytes.subarray(size));
  } catch (error) {
    file.truncateSync(size);
    throw error;
  }
  writeAt(file, 0, bytes.subarray(0, size));
  file.truncateSync(bytes.length);
}

function writeAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

function isMissing(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
