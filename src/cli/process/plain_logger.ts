import { type Colour, printOnStderr, problemLine } from "../../terminal/stdout.ts";
import { plainLine, toldText } from "../../base/values/plain_text.ts";
import type { LogFields, Logger } from "../../base/log.ts";

/**
 * The log of short commands: warnings and errors as single lines on stderr, or all levels if
 * `verbose`. It imports nothing heavy, so that such a command starts fast.
 */
export function plainLogger(verbose: boolean): Logger {
  const writeIn = (colour: Colour) => (message: string, fields?: LogFields) => {
    const details = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${value}`).join("");
    printOnStderr(problemLine(plainLine(toldText(`${message}${details}`)), colour));
  };
  const quiet = verbose ? writeIn("dim") : () => {};
  return { debug: quiet, info: quiet, warn: writeIn("yellow"), error: writeIn("red") };
}
