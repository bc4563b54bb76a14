/**
 * A command could not do its work: exit code 1. The message says everything, including what to do;
 * for any other error `rpc` adds where to find more.
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
