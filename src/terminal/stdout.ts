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
 * Prints a text and an LF on stderr, all of it. It never throws: what a command has to say beside
 * its results must not end it in the middle. If it cannot be written, as on a full disk, it returns
 * `false`, for texts that were asked for.
 */
export function printOnStderr(text: string): boolean {
  try {
    writeWhole(Deno.stderr, `${text}\n`);
    return true;
  } catch (error) {
    return error instanceof Deno.errors.BrokenPipe;
  }
}

/**
 * Writes all of a text, however little is taken at a time.
 *
 * @throws the file's error
 */
export function writeWhole(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
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

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** How a text stands out. */
export type Colour = keyof typeof codes;

/** Where a text goes. */
interface Output {
  isTerminal(): boolean;
}

/** Whether an output is a terminal that understands escape sequences (`TERM` is not `dumb`). */
export function isScreen(output: Output): boolean {
  return output.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** The text, coloured if the output is a screen and `NO_COLOR` is not set. */
export function painted(colour: Colour, text: string, output: Output = Deno.stdout): string {
  if (text === "" || Deno.noColor || !isScreen(output)) return text;
  return `\x1b[${codes[colour]}m${text}\x1b[0m`;
}

/** The line for stderr about something that went wrong: it begins with the program's name. */
export function problemLine(text: string, colour: Colour = "red"): string {
  return `${painted(colour, "rpc:", Deno.stderr)} ${text}`;
}
