import {
  configure,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
} from "@logtape/logtape";
import type { Logger } from "../../base/log.ts";
import type { logLevels } from "../serve/flags.ts";

/** How a server logs. */
export interface LoggerOptions {
  readonly level: typeof logLevels[number];
  readonly format: "text" | "json";
}

/** The log of a server: a line a message on stderr, for people or for programs. */
export async function createLogger({ level, format }: LoggerOptions): Promise<Logger> {
  const formatter = format === "json"
    ? getJsonLinesFormatter()
    : (Deno.stderr.isTerminal() && !Deno.noColor ? getAnsiColorFormatter : getTextFormatter)({
      timestamp: "rfc3339",
      format: ({ timestamp, level, message }) => `${timestamp} ${level} ${message}`,
    });
  const encoder = new TextEncoder();
  await configure({
    sinks: {
      stderr: (record) => void Deno.stderr.writeSync(encoder.encode(formatter(record))),
    },
    loggers: [
      { category: "rpc", sinks: ["stderr"], lowestLevel: level === "warn" ? "warning" : level },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "error" },
    ],
  });
  const logger = getLogger("rpc");
  const withFields = (message: string, fields: object = {}) => {
    // LogTape shows fields where the message names them in braces; the message's own are text.
    const text = message.replaceAll("{", "{{").replaceAll("}", "}}");
    const names = Object.keys(fields).map((name) => ` ${name}={${name}}`).join("");
    return format === "json" ? text : text + names;
  };
  return {
    debug: (message, fields) => logger.debug(withFields(message, fields), { ...fields }),
    info: (message, fields) => logger.info(withFields(message, fields), { ...fields }),
    warn: (message, fields) => logger.warn(withFields(message, fields), { ...fields }),
    error: (message, fields) => logger.error(withFields(message, fields), { ...fields }),
  };
}
