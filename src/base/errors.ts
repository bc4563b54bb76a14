/**
 * The one error class and its closed list of codes.
 *
 * Retry reads only {@link RpcError.executed}; nothing in this program decides by message text.
 */

/** Whether the call may have run: `"no"` is always safe to send again, `"yes"` never is. */
export type Executed = "no" | "maybe" | "yes";

/**
 * Every way in which a call can fail: its JSON-RPC code, and what is known of its execution.
 * Codes from -32768 to -32000 are reserved by JSON-RPC 2.0; -32000 to -32099 are the server's to define.
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

/** One thing wrong with the parameters: where, and what. */
export interface ParamsIssue {
  /** Path into the parameters, for example `[0]` or `["size", "width"]`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What an {@link RpcError} carries beside its name and message. */
export interface RpcErrorOptions {
  /** @default what {@link errorTable} says of the name */
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
  override readonly name: ErrorName;
  readonly executed: Executed;
  readonly issues: readonly ParamsIssue[] | undefined;

  constructor(name: ErrorName, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = name;
    this.executed = options.executed ?? errorTable[name].executed;
    this.issues = options.issues;
  }

  /** The JSON-RPC error code. */
  get code(): number {
    return errorTable[this.name].code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message !== "" ? thrown.message : thrown.name;
  return String(thrown);
}
