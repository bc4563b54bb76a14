/**
 * The one error class and its closed list of codes.
 *
 * Retry reads only {@link RpcError.executed}; nothing in this program decides by message text.
 */

/** Whether the call may have run: `"no"` is always safe to send again, `"yes"` never is. */
export type Executed = "no" | "maybe" | "yes";

/**
 * Every way in which a call can fail: its JSON-RPC code, and what is known of its execution. Codes
 * from -32768 to -32000 are reserved by JSON-RPC 2.0; -32000 to -32099 are the server's to define.
 */
export const errorTable = {
  ParseError: { code: -32700, executed: "no" },
  InvalidRequest: { code: -32600, executed: "no" },
  MethodNotFound: { code: -32601, executed: "no" },
  InvalidParams: { code: -32602, executed: "no" },
  InternalError: { code: -32603, executed: "yes" },
  DeadlineExceeded: { code: -32001, executed: "maybe" },
  Overloaded: { code: -32002, executed: "no" },
  Draining: { code: -32003, executed: "no" },
  Cancelled: { code: -32004, executed: "maybe" },
  Unauthenticated: { code: -32005, executed: "no" },
  WorkerLost: { code: -32006, executed: "maybe" },
  PermissionDenied: { code: -32007, executed: "no" },
  /** Client side only, never on the wire: no endpoint to send the call to. */
  Unavailable: { code: -32010, executed: "no" },
  /** Client side only, never on the wire: the connection broke under the call. */
  ConnectionLost: { code: -32011, executed: "maybe" },
} as const satisfies Record<string, { code: number; executed: Executed }>;

/** The stable name of an error. */
export type ErrorName = keyof typeof errorTable;

const nameByCode = new Map<number, ErrorName>(
  (Object.keys(errorTable) as ErrorName[]).map((name) => [errorTable[name].code, name]),
);

/** The name that belongs to a JSON-RPC code, or `undefined` for a code of somebody else's. */
export function errorNameOf(code: number): ErrorName | undefined {
  return nameByCode.get(code);
}

/**
 * The errors that only a client makes. A peer that sends one passes on the end of a call that it
 * made itself.
 */
export const clientErrors: ReadonlySet<ErrorName> = new Set(["Unavailable", "ConnectionLost"]);

/** One thing wrong with the parameters: where, and what. */
export interface ParamsIssue {
  /** Path into the parameters, for example `[0]` or `["size", "width"]`. */
  readonly path: readonly (string | number)[];
  /** What is wrong there, as the end of a sentence. */
  readonly message: string;
}

/**
 * Why a call failed, as an answer tells its caller: as an {@link RpcError} does, which is one too.
 * But nobody throws it, so it has no stack. To note one takes V8 5 to 10 µs, as long as a server
 * takes for everything else about a call that it refuses.
 */
export class Failure {
  readonly name: ErrorName;
  readonly message: string;
  /** Whether the call may have run. */
  readonly executed: Executed;
  /** The parameters' faults, with InvalidParams. */
  readonly issues: readonly ParamsIssue[] | undefined;

  /** @param executed @default what {@link errorTable} says of the name */
  constructor(
    name: ErrorName,
    message: string,
    executed: Executed = errorTable[name].executed,
    issues?: readonly ParamsIssue[],
  ) {
    this.name = name;
    this.message = message;
    this.executed = executed;
    this.issues = issues;
  }

  /** The JSON-RPC error code. */
  get code(): number {
    return errorTable[this.name].code;
  }
}

/** What an {@link RpcError} carries beside its name and message. */
export interface RpcErrorOptions {
  /** Whether the call may have run. @default what {@link errorTable} says of the name */
  readonly executed?: Executed | undefined;
  /** The parameters' faults, with InvalidParams. */
  readonly issues?: readonly ParamsIssue[] | undefined;
  /** Stays in this process: it is never sent. */
  readonly cause?: unknown;
}

/**
 * The only error that a call ends in.
 *
 * @example
 * ```ts
 * import { RpcError } from "./errors.ts";
 *
 * const error = new RpcError("Overloaded", "Cannot queue fib: 1024 calls are waiting already");
 * console.assert(error.code === -32002 && error.executed === "no");
 * ```
 */
export class RpcError extends Error {
  /** The stable name of the error: decide by it, and not by the message. */
  override readonly name: ErrorName;
  /** Whether the call may have run. */
  readonly executed: Executed;
  /** The parameters' faults, with InvalidParams. */
  readonly issues: readonly ParamsIssue[] | undefined;

  /** A procedure may throw InvalidParams. Other names are only passed on as a cause. */
  constructor(name: ErrorName, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.executed = options.executed ?? errorTable[name].executed;
    this.issues = options.issues;
  }

  /**
   * What was thrown, as the error that a call ends in. An {@link RpcError} keeps its meaning, even
   * if it is of another copy of this module; anything else becomes the cause of an InternalError.
   */
  static from(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return thrown;
    const cause = thrown;
    if (!isRpcError(thrown)) return new RpcError("InternalError", messageOf(thrown), { cause });
    const { name, executed, issues } = thrown;
    return new RpcError(name, messageOf(thrown), { executed, issues, cause });
  }

  /** The JSON-RPC error code. */
  get code(): number {
    return errorTable[this.name].code;
  }

  /** What another process can be told. `JSON.stringify` alone would leave out the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, executed, issues } = this;
    return { name, code, message, executed, issues };
  }
}

/**
 * Marks the error that a use of this library ended in. It is registered by name, so that two copies
 * of this module share it.
 */
const outcomeMark = Symbol.for("rpc.outcome");

/**
 * Marks an error as the end of a call, or of another use of this library, and returns it. When a
 * procedure lets such an error through, the error tells nothing of the call that is being answered.
 */
export function markAsOutcome(error: RpcError): RpcError {
  Object.defineProperty(error, outcomeMark, { value: true });
  return error;
}

/** The same promise, but the error that it rejects with is marked by {@link markAsOutcome}. */
export async function markingOutcome<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof RpcError ? markAsOutcome(error) : error;
  }
}

/** Whether an error was marked by {@link markAsOutcome}. */
export function isOutcome(error: RpcError): boolean {
  return outcomeMark in error;
}

/** Whether what was thrown is an {@link RpcError}, of this copy of the module or of another. */
export function isRpcError(thrown: unknown): thrown is RpcError {
  if (thrown instanceof RpcError) return true;
  return thrown instanceof Error && "executed" in thrown && Object.hasOwn(errorTable, thrown.name);
}

/** A longer message is cut: the longest text that there can be fits no sentence. */
const messageLengthMax = 1024 * 1024;

/** Characters that are told of an object that was thrown without any message. */
const jsonLengthMax = 1_000;

/** Of the errors in an `AggregateError`, those that are told. */
const errorsToldMax = 3;

/**
 * The message of anything that was thrown, without colours, cut if it is long. Never throws.
 *
 * An `AggregateError` tells those of its errors as well, since its own is mostly the same one. An
 * object that is no error tells its `message`, else what its class makes of it as a text, else its
 * JSON.
 */
export function messageOf(thrown: unknown): string {
  try {
    return withoutColours(textOf(thrown).slice(0, messageLengthMax));
  } catch {
    return "something was thrown that has no message";
  }
}

function textOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return textOfAll(thrown);
  if (thrown instanceof Error) return textOfError(thrown);
  return typeof thrown === "object" && thrown !== null ? textOfObject(thrown) : String(thrown);
}

function textOfError({ message, name }: Error): string {
  return String(message !== "" ? message : name);
}

function textOfAll(thrown: AggregateError): string {
  // Those within those are left out: an error may hold itself.
  const told = thrown.errors.slice(0, errorsToldMax)
    .map((error) => error instanceof Error ? textOfError(error) : textOf(error));
  const left = thrown.errors.length - told.length;
  if (left > 0) told.push(`and ${left} more`);
  return [textOfError(thrown), ...told.length > 0 ? [told.join("; ")] : []].join(": ");
}

function textOfObject(thrown: object): string {
  if ("message" in thrown && typeof thrown.message === "string" && thrown.message !== "") {
    return thrown.message;
  }
  const hasText = typeof thrown.toString === "function" && !Array.isArray(thrown);
  const text = hasText ? String(thrown) : "[object Object]";
  if (!text.startsWith("[object ")) return text;
  const json = jsonOf(thrown) ?? text;
  // Nothing to be seen in a Map or a Response, whose class tells at least something.
  return json === "{}" && text !== "[object Object]" ? text : json;
}

/** An object's JSON, shortened; `undefined`: it has none. */
function jsonOf(thrown: object): string | undefined {
  const around: unknown[] = [];
  try {
    const json: string | undefined = JSON.stringify(thrown, function (_key, value: unknown) {
      if (typeof value === "bigint") return String(value);
      if (typeof value === "string") return value.slice(0, jsonLengthMax);
      if (typeof value !== "object" || value === null) return value;
      while (around.length > 0 && around.at(-1) !== this) around.pop();
      if (around.includes(value)) return "[circular]";
      around.push(value);
      return value instanceof Error ? textOfError(value) : value;
    });
    const isLong = json !== undefined && json.length > jsonLengthMax;
    return isLong ? `${json.slice(0, jsonLengthMax)}...` : json;
  } catch {
    return undefined;
  }
}

// deno-lint-ignore no-control-regex
const colours = /\x1b\[[\d;]*m/g;

/** A text without sequences that set colours: Deno's own errors have some, in a pipe too. */
export function withoutColours(text: string): string {
  return text.includes("\x1b") ? text.replaceAll(colours, "") : text;
}

/**
 * Runs what often throws an error that is caught at once, as for a file that is not there. It gets
 * no stack: to tell the lines of one, V8 compiles every function on it once more.
 */
export function withoutStack<Value>(run: () => Value): Value {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The system's codes for: this process, or the whole machine, has no file handle left. */
const outOfHandlesCodes: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** How many causes are looked at: usually there are few, and they may form a circle. */
const causesMax = 8;

/** Whether an error, or a cause of it, is a lack of file handles, which is our own trouble. */
export function isOutOfHandles(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < causesMax && cause instanceof Error; depth++) {
    if ("code" in cause && outOfHandlesCodes.has(cause.code)) return true;
    cause = cause.cause;
  }
  return false;
}
