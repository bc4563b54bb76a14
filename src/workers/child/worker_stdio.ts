import { encodeFailure } from "../failure_report.ts";
import { takeOwnDescriptors } from "../own_descriptors.ts";
import { describeFailure } from "./failure.ts";

/** What a worker reads requests from and writes answers to. */
export interface WorkerIo {
  /** Fills the buffer, as `Deno.stdin.read` does; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** The same at once, waiting for something to come. */
  readSync(buffer: Uint8Array): number | null;
  /** Writes some of the bytes and says how many. */
  writeSync(bytes: Uint8Array): number;
  /** Tells people what was thrown, and where. `what` begins the sentence. */
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
 * Makes this process a worker, for good: from now on the protocol has descriptors of its own or,
 * where the server could not give it any, stdin and stdout.
 *
 * - Whatever a procedure prints, by `console`, `Deno.stdout` or `process.stdout`, goes to stderr.
 * - SIGINT, SIGTERM and SIGHUP are ignored. A terminal sends the first and the last to the whole
 *   process group, and a service manager the second, and then the parent wants its workers to
 *   finish. A worker leaves when its input ends, or by SIGKILL.
 * - An error that nobody caught is printed. It may be of a call long answered, so it must not take
 *   the other calls with it.
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
      // On a line of its own, also behind one that a procedure has begun.
      print(`\n${encodeFailure(describeFailure(what, thrown))}`);
    } catch {
      // A procedure has closed stderr, which must not cost anybody's call.
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
  return { read, readSync, writeSync, failed };
}

/**
 * Where stdout belongs to the protocol: what this process prints goes elsewhere. What its children
 * print does not.
 */
function printToStderr(): void {
  Deno.stdout.write = (bytes) => Deno.stderr.write(bytes);
  Deno.stdout.writeSync = (bytes) => Deno.stderr.writeSync(bytes);
  Object.defineProperty(Deno.stdout, "writable", { get: () => Deno.stderr.writable });
  // The console does not print through `Deno.stdout`. Its tables and counters become plain lines.
  const print = console.error.bind(console);
  for (const name of printers) console[name] = print;
}

function ignoredSignals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
}
