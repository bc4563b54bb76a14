/**
 * The log as everything else here sees it. What a line looks like, and where it goes, is the CLI's
 * matter.
 */

/** Values beside a message. Names carry their unit: `delayMs`, `queueBytes`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The levels, the most talkative one first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

/** How important a message is. */
export type LogLevel = typeof logLevels[number];

/** Takes messages at four levels. Messages are sentences without a full stop. */
export interface Logger {
  /** Details, for people who look for a fault. */
  debug(message: string, fields?: LogFields): void;
  /** What happened as it should. */
  info(message: string, fields?: LogFields): void;
  /** What somebody should look at, though work goes on. */
  warn(message: string, fields?: LogFields): void;
  /** What has failed. */
  error(message: string, fields?: LogFields): void;
}

/**
 * A message of several lines, such as a syntax error with its place in a file, as the log takes it:
 * the first line, and the others as a stack.
 */
export function inLines(message: string): readonly [first: string, fields: LogFields] {
  const [first = "", ...more] = message.split("\n");
  return [first, more.length === 0 ? {} : { stack: more.join("\n") }];
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
