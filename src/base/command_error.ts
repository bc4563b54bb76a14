/**
 * The command could not do its work, and the message says all that there is to say, what to do
 * about it included: exit code 1. Of any other error `rpc` says that there is more to know.
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
