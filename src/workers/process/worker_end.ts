/** How a worker ended. */
export interface WorkerEnd {
  /** Whether it owed an answer. */
  readonly underCall: boolean;
  /** The end of a sentence that begins with the worker. */
  readonly how: string;
  /** What it wrote to stdout in place of an answer. `""`: it is no text. */
  readonly unreadable?: string | undefined;
}

/**
 * The end of a sentence about a worker: how it ended, and why if that is known. On Windows a killed
 * process has an ordinary exit code.
 */
export function describeEnd(
  { signal, code }: Deno.CommandStatus,
  killedBecause: string | undefined,
  ranOutOfMemory: boolean,
  os = Deno.build.os,
): string {
  const isKilled = signal === "SIGKILL" || (os === "windows" && code !== 0);
  if (killedBecause !== undefined && isKilled) {
    return `was killed because ${killedBecause}`;
  }
  if (ranOutOfMemory) return "ran out of memory";
  if (signal === null) return `exited with code ${code}`;
  if (signal === "SIGKILL") return "was ended by SIGKILL, as a system does whose memory runs out";
  return `was ended by ${signal}`;
}
