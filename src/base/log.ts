/**
 * The log as everything else here sees it. What a line looks like, and where it goes, is the CLI's
 * matter.
 */

/** Values beside a message. Names carry their unit: `delayMs`, `queueBytes`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Takes messages at four levels. Messages are sentences without a full stop. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
