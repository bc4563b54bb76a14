/** How a command ends: its exit codes, and the errors behind two of them. */

/** The exit codes of the process. */
export const exitCodes = {
  success: 0,
  /** A call failed, or the command could not do its work. */
  failure: 1,
  /** The command line or the settings are invalid. */
  usage: 2,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/**
 * A command could not do its work: exit code 1. The message says everything, including what to do;
 * for any other error `rpc` adds where to find more.
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** The command line, the environment or a settings file is invalid: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
