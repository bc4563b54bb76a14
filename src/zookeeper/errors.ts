/** The one error class of the ZooKeeper client, and its closed list of codes. */

/** What the server can answer, with the numbers of ZooKeeper's `KeeperException.Code`. */
const serverErrors = {
  SYSTEM_ERROR: -1,
  RUNTIME_INCONSISTENCY: -2,
  DATA_INCONSISTENCY: -3,
  CONNECTION_LOSS: -4,
  MARSHALLING_ERROR: -5,
  UNIMPLEMENTED: -6,
  OPERATION_TIMEOUT: -7,
  BAD_ARGUMENTS: -8,
  UNKNOWN_SESSION: -12,
  API_ERROR: -100,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NO_CHILDREN_FOR_EPHEMERALS: -108,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_CALLBACK: -113,
  INVALID_ACL: -114,
  AUTH_FAILED: -115,
  SESSION_MOVED: -118,
  NOT_READONLY: -119,
  EPHEMERAL_ON_LOCAL_SESSION: -120,
  REQUEST_TIMEOUT: -122,
  SASL_REQUIRED: -124,
  QUOTA_EXCEEDED: -125,
  THROTTLED: -127,
} as const satisfies Record<string, number>;

/**
 * Why an operation failed. Beside the server's own codes:
 *
 * - `CONNECTION_LOSS`: the connection ended before the answer; the operation may have been carried
 *   out;
 * - `SESSION_EXPIRED`: the session that the operation belonged to is over;
 * - `OPERATION_TIMEOUT`: `connect` did not reach a server in time;
 * - `CLOSED`: the client was closed;
 * - `QUEUE_FULL`: too many operations wait for the connection or for their answers;
 * - `FRAME_TOO_LARGE`: a request or an answer is longer than the client's bound;
 * - `UNKNOWN_ERROR`: a number that is not in the list, from a newer server.
 */
export type ZooKeeperErrorCode =
  | keyof typeof serverErrors
  | "CLOSED"
  | "QUEUE_FULL"
  | "FRAME_TOO_LARGE"
  | "UNKNOWN_ERROR";

const codeByNumber = new Map<number, ZooKeeperErrorCode>(
  (Object.keys(serverErrors) as (keyof typeof serverErrors)[]).map((code) => [
    serverErrors[code],
    code,
  ]),
);

/** The only error that this client throws or reports. */
export class ZooKeeperError extends Error {
  override readonly name = "ZooKeeperError";
  readonly code: ZooKeeperErrorCode;

  constructor(code: ZooKeeperErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * The error for a number in a reply header; `action` says what was tried, as in `read /services`.
 */
export function serverError(number: number, action: string): ZooKeeperError {
  const code = codeByNumber.get(number);
  if (code === undefined) {
    const message = `Cannot ${action}: ZooKeeper answered error ${number}`;
    return new ZooKeeperError("UNKNOWN_ERROR", message);
  }
  // Its name says too little: `enforce.auth.schemes` may require a login of another kind.
  const why = code === "SASL_REQUIRED" ? ": it serves only clients that log in" : "";
  return new ZooKeeperError(code, `Cannot ${action}: ZooKeeper answered ${code}${why}`);
}

/** Whether something that was thrown is a {@link ZooKeeperError} with this code. */
export function isZooKeeperError(thrown: unknown, code: ZooKeeperErrorCode): boolean {
  return thrown instanceof ZooKeeperError && thrown.code === code;
}
