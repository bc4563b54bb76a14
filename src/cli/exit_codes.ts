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
