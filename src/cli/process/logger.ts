import {
  configure,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
} from "@logtape/logtape";
import { systemClock } from "../../base/clock.ts";
import { logFlushMs } from "../limits.ts";
import type { LogFields, Logger } from "../../base/log.ts";
import type { logLevels } from "../serve/flags.ts";
import { plainLine, plainText, withoutSecrets } from "../../terminal/plain_text.ts";
import { LogOutput } from "./log_output.ts";

/** Options of a server's log. */
interface LoggerOptions {
  readonly level: typeof logLevels[number];
  readonly format: "text" | "json";
}

/** The log of a process that may end. */
interface ProcessLogger extends Logger {
  /** Resolves when all is written, or cannot be. */
  flushed(): Promise<void>;
}

/** The log of a server: one line for each message, on stderr. It never waits for stderr. */
export async function createLogger({ level, format }: LoggerOptions): Promise<ProcessLogger> {
  const isJson = format === "json";
  const formatter = isJson
    ? getJsonLinesFormatter()
    : (Deno.stderr.isTerminal() && !Deno.noColor ? getAnsiColorFormatter : getTextFormatter)({
      timestamp: "rfc3339",
      format: ({ timestamp, level, message }) => `${timestamp} ${level} ${message}`,
    });
  const output = new LogOutput({
    write: (bytes) => Deno.stderr.write(bytes),
    dropped: (lines) => log.warn("The log was not taken in time", { linesDropped: lines }),
  });
  await configure({
    sinks: {
      stderr: (record) => {
        const line = withoutSecrets(formatter(record));
        output.push(isJson ? plainText(line) : line);
      },
    },
    loggers: [
      { category: "rpc", sinks: ["stderr"], lowestLevel: level === "warn" ? "warning" : level },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  const logger = getLogger("rpc");
  // LogTape replaces names in braces by fields. Braces in a message must stay text.
  const escaped = (text: string) => text.replaceAll("{", "{{").replaceAll("}", "}}");
  const withFields = (message: string, { stack = "", ...fields }: LogFields = {}) => {
    if (isJson) return escaped(message);
    const names = Object.keys(fields).map((name) => ` ${name}={${name}}`).join("");
    // For people the stack is printed on indented lines of its own.
    const lines = stack === "" ? [] : String(stack).split("\n");
    return escaped(plainLine(message)) + names +
      lines.map((line) => `\n    ${escaped(plainLine(line))}`).join("");
  };
  // JSON lines are escaped as a whole; in text that would remove the colours.
  const plain = (fields: object = {}) =>
    isJson ? { ...fields } : Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === "string" ? plainText(value) : value,
      ]),
    );
  const log: ProcessLogger = {
    flushed: () => output.flushed(systemClock, logFlushMs),
    debug: (message, fields) => logger.debug(withFields(message, fields), plain(fields)),
    info: (message, fields) => logger.info(withFields(message, fields), plain(fields)),
    warn: (message, fields) => logger.warn(withFields(message, fields), plain(fields)),
    error: (message, fields) => logger.error(withFields(message, fields), plain(fields)),
  };
  return log;
}
