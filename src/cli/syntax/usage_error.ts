/** The command line, the environment or a settings file is invalid: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
