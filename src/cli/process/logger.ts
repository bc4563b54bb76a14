import { systemClock } from "../../base/clock.ts";
import { type LogFields, type Logger, type LogLevel, logLevels } from "../../base/log.ts";
import { logFlushMs } from "../limits.ts";
import { jsonLogLine, textLogLine } from "./log_lines.ts";
import { LogOutput } from "./log_output.ts";

/** Options of the log of a process that runs for long. */
interface LoggerOptions {
  /** The least important level that is logged. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
}

/** The log of a process that may end. */
interface ProcessLogger extends Logger {
  /** Resolves when all is written, or cannot be. */
  flushed(): Promise<void>;
}

/** A server's or gateway's log: one line for each message, on stderr. It never waits for stderr. */
export function createLogger({ level: least, format }: LoggerOptions): ProcessLogger {
  const output = new LogOutput({
    write: (bytes) => Deno.stderr.write(bytes),
    dropped: (lines) => log.warn("The log was not taken in time", { linesDropped: lines }),
  });
  const at = (level: LogLevel) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least)) return () => {};
    return (message: string, fields: LogFields = {}) => {
      const record = { level, wallTimeMs: systemClock.wallTimeMs(), message, fields };
      output.push(format === "json" ? jsonLogLine(record) : textLogLine(record, Deno.stderr));
    };
  };
  const log: ProcessLogger = {
    flushed: () => output.flushed(systemClock, logFlushMs),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
  return log;
}
