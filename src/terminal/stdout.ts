import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";

/** How long to wait before trying a full pipe again, if the write itself did not wait. */
export const fullPipePauseMs = 5;

const encoder = new TextEncoder();

/**
 * Prints a text and an LF on stdout, all of it. If nobody reads any more, as after `| head`, it
 * does nothing and returns `false`.
 *
 * @throws {CommandError} it cannot be written
 */
export function printLine(text: string): boolean {
  return printText(`${text}\n`);
}

/**
 * Prints a text on stdout as it is, all of it. See {@link printLine}.
 *
 * @throws {CommandError} it cannot be written
 */
export function printText(text: string): boolean {
  try {
    writeWhole(Deno.stdout, text);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new CommandError(`Cannot write results: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Prints a text and an LF on stderr, all of it: for a command's own result on stderr.
 *
 * @throws {CommandError} it cannot be written
 */
export function printOnStderr(text: string): void {
  try {
    writeWhole(Deno.stderr, `${text}\n`);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new CommandError(`Cannot write to stderr: ${messageOf(error)}`, { cause: error });
  }
}

function writeWhole(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(file.writeSync(bytes));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipePauseMs);
    }
  }
}
