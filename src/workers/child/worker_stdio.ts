import { messageOf } from "../../base/errors.ts";
import { takeOwnDescriptors } from "../own_descriptors.ts";

/** What a worker reads requests from and writes answers to. */
export interface WorkerIo {
  /** Fills the buffer, as `Deno.stdin.read` does; `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes and says how many. */
  writeSync(bytes: Uint8Array): number;
  /** Takes what people should see of a failed procedure. */
  warn(text: string): void;
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
  if (own === undefined) printToStderr();
  const print = console.error.bind(console);
  const warn = (text: string) => {
    try {
      print(text);
    } catch {
      // A procedure has closed stderr, which must not cost anybody's call.
    }
  };
  for (const signal of ignoredSignals()) Deno.addSignalListener(signal, () => {});
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    warn(`Unhandled rejection: ${stackOf(event.reason)}`);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    warn(`Uncaught error: ${stackOf(event.error)}`);
  });
  return { read, writeSync, warn };
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

/** Where our own source is: also in a binary its modules lie as they do here. */
const ownSource = new URL("../../", import.meta.url).href;

/**
 * The stack of anything that was thrown, for the log: up to the procedure, since how we came to
 * call it tells its author nothing. What was thrown may be made to throw when it is read.
 */
export function stackOf(thrown: unknown, own = ownSource): string {
  try {
    if (thrown instanceof Error && typeof thrown.stack === "string") {
      const lines = thrown.stack.split("\n");
      const end = lines.findLastIndex((line) => !(/^ +at /.test(line) && line.includes(own)));
      // What has no place but here is an error of ours, and then these are what tells of it.
      const isAllOurs = !lines.slice(0, end + 1).some((line) => /^ +at /.test(line));
      return isAllOurs ? thrown.stack : lines.slice(0, end + 1).join("\n");
    }
  } catch {
    // Its message may be readable all the same.
  }
  return messageOf(thrown);
}
