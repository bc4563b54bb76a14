/**
 * The command line, the environment or a settings file says something that cannot be: exit code 2.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
