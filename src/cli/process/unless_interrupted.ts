import { orAborted } from "../../base/clock.ts";
import { exitCodes } from "../../base/command_error.ts";

/**
 * The exit code of work that only asks and prints, or 130 as soon as the signal aborts: whoever
 * pressed Ctrl-C waits neither for an answer nor for why there is none. The work is left to itself,
 * and ends with the process.
 */
export async function unlessInterrupted(
  work: Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  try {
    return await orAborted(work, signal);
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    throw error;
  }
}
