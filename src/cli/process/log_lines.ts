/** How a message of a server's log looks: a line for people, or one for programs. */

import type { LogFields, LogLevel } from "../../base/log.ts";
import { type Colour, isScreen, painted } from "../../terminal/stdout.ts";
import {
  plainLine,
  plainText,
  toldText,
  wholeCharacters,
  withoutSecrets,
} from "../../base/values/plain_text.ts";

/** One message. */
interface LogRecord {
  readonly level: LogLevel;
  /** When it was logged, in milliseconds since 1970 UTC. */
  readonly wallTimeMs: number;
  readonly message: string;
  /** `stack` among them are the lines of an error's stack. */
  readonly fields: LogFields;
}

const shownLevels: Readonly<Record<LogLevel, readonly [text: string, colour: Colour]>> = {
  debug: ["DBG", "dim"],
  info: ["INF", "green"],
  warn: ["WRN", "yellow"],
  error: ["ERR", "red"],
};

/**
 * The line for people, its LF included: time, level, message, `name=value` of each field, and the
 * stack on further lines, indented.
 *
 * @param output where it goes: it is coloured for a terminal
 */
export function textLogLine(
  { level, wallTimeMs, message, fields: { stack = "", ...fields } }: LogRecord,
  output: { isTerminal(): boolean },
): string {
  const [text, colour] = shownLevels[level];
  const time = painted("dim", timeOf(wallTimeMs), output);
  const options = {
    colors: !Deno.noColor && isScreen(output),
    strAbbreviateSize: Infinity,
    iterableLimit: Infinity,
  };
  const details = Object.entries(fields).map(([name, value]) =>
    ` ${name}=${
      Deno.inspect(typeof value === "string" ? plainText(toldText(value)) : value, options)
    }`
  );
  const stackLines = stack === "" ? [] : String(stack).split("\n");
  return withoutSecrets([
    `${time} ${painted(colour, text, output)} ${plainLine(toldText(message))}${details.join("")}`,
    ...stackLines.map((line) => `    ${plainLine(toldText(line))}`),
    "",
  ].join("\n"));
}

/** The line for programs, its LF included: a JSON object. */
export function jsonLogLine({ level, wallTimeMs, message, fields }: LogRecord): string {
  const line = JSON.stringify({
    "@timestamp": timeOf(wallTimeMs),
    level: level.toUpperCase(),
    message,
    logger: "rpc",
    properties: fields,
  }, expressible);
  return `${plainText(withoutSecrets(wholeCharacters(line)))}\n`;
}

function timeOf(wallTimeMs: number): string {
  return new Date(wallTimeMs).toISOString();
}

/** For `JSON.stringify`, which knows no big numbers and no errors. */
function expressible(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? Deno.inspect(value) : value;
}
