import { plainLine } from "../../terminal/plain_text.ts";
import type { LogFields, Logger } from "../../base/log.ts";

/**
 * The log of commands that run for a moment: warnings and errors as single lines on stderr, and all
 * levels if `verbose`. It loads nothing, which is what such a command needs first.
 */
export function plainLogger(verbose: boolean): Logger {
  const write = (message: string, fields?: LogFields) => {
    const details = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${value}`).join("");
    console.error(plainLine(`rpc: ${message}${details}`));
  };
  const writeIfVerbose = verbose ? write : () => {};
  return { debug: writeIfVerbose, info: writeIfVerbose, warn: write, error: write };
}
