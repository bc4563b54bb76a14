import { encodeFailure, failureText } from "../failure_report.ts";
import { takeOwnDescriptors } from "../own_descriptors.ts";
import type { WaitForInput } from "../poll_file.ts";
import { describeFailure } from "./failure.ts";

/** The input and output of a worker. */
export interface WorkerIo {
  /** Reads into the buffer, like `Deno.stdin.read`; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** The same synchronously: it blocks until something arrives. */
  readSync(buffer: Uint8Array): number | null;
  /**
   * Blocks this thread until something has arrived, for so long at most, and says whether it has.
   * @default only {@link read} can wait
   */
  waitForInput?: WaitForInput | undefined;
  /** Writes some of the bytes and says how many. */
  writeSync(bytes: Uint8Array): number;
  /** Reports for people what was thrown, and where. `what` begins the sentence. */
  failed(what: string, thrown: unknown): void;
}

const printers = [
  "log",
  "info",
  "debug",
  "dir",
  "dirxml",
  "table",
  "group",
  "groupCollapsed",
  "count",
  "timeLog",
  "timeEnd",
] as const;

/**
 * Prepares this process as a worker, for good: the protocol gets descriptors of its own or, if the
 * server could not provide them, stdin and stdout.
 *
 * - Whatever a procedure prints, by `console`, `Deno.stdout` or `process.stdout`, goes to stderr.
 * - SIGINT, SIGTERM and SIGHUP are ignored. A terminal or a service manager sends them to the whole
 *   process group, and then the server wants its workers to finish. A worker ends when its input
 *   ends, or by SIGKILL.
 * - An uncaught error is printed. It may be from a call that was answered long ago, so it must not
 *   end the other calls.
 */
export function takeStdio(): WorkerIo {
  const own = takeOwnDescriptors();
  const input = own?.input ?? Deno.stdin;
  const output = own?.output ?? Deno.stdout;
  const writeSync = output.writeSync.bind(output);
  const read = input.read.bind(input);
  const readSync = input.readSync.bind(input);
  if (own === undefined) printToStderr();
  const print = console.error.bind(console);
  const failed = (what: string, thrown: unknown) => {
    try {
      // On a line of its own, even after output without LF.
      const tell = Deno.build.os === "windows" ? failureText : encodeFailure;
      print(`\n${tell(describeFailure(what, thrown))}`);
    } catch {
      // A procedure has closed stderr, which must not cost any call.
    }
  };
  for (const signal of ignoredSignals()) Deno.addSignalListener(signal, () => {});
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    failed("Nobody caught a rejection", event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    failed("Nobody caught an error", event.error);
  });
  return { read, readSync, waitForInput: own?.waitForInput, writeSync, failed };
}

/**
 * Redirects this process's output to stderr if stdout is the protocol's. Children are not affected.
 */
function printToStderr(): void {
  Deno.stdout.write = (bytes) => Deno.stderr.write(bytes);
  Deno.stdout.writeSync = (bytes) => Deno.stderr.writeSync(bytes);
  Object.defineProperty(Deno.stdout, "writable", { get: () => Deno.stderr.writable });
  // The console does not use `Deno.stdout`. Its tables and counters become plain lines.
  const print = console.error.bind(console);
  for (const name of printers) console[name] = print;
}

function ignoredSignals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}
