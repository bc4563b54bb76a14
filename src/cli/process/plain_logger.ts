import { type Colour, problemLine } from "../../terminal/colour.ts";
import { plainLine, withoutSecrets } from "../../terminal/plain_text.ts";
import type { LogFields, Logger } from "../../base/log.ts";

/**
 * The log of commands that run for a moment: warnings and errors as single lines on stderr, and all
 * levels if `verbose`. It loads nothing, which is what such a command needs first.
 */
export function plainLogger(verbose: boolean): Logger {
  const writeIn = (colour: Colour) => (message: string, fields?: LogFields) => {
    const details = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${value}`).join("");
    console.error(problemLine(plainLine(withoutSecrets(`${message}${details}`)), colour));
  };
  const quiet = verbose ? writeIn("dim") : () => {};
  return { debug: quiet, info: quiet, warn: writeIn("yellow"), error: writeIn("red") };
}
