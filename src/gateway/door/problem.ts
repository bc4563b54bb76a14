import { type ErrorName, errorTable, RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import { reply } from "./reply.ts";

/** The HTTP status for each error of a call. */
const statuses: Readonly<Record<ErrorName, number>> = {
  ParseError: 400,
  InvalidRequest: 400,
  MethodNotFound: 404,
  InvalidParams: 400,
  InternalError: 502,
  DeadlineExceeded: 504,
  Overloaded: 429,
  Draining: 503,
  // Not a registered status, but proxies use it when the caller has disconnected.
  Cancelled: 499,
  Unauthenticated: 401,
  WorkerLost: 502,
  PermissionDenied: 403,
  Unavailable: 503,
  ConnectionLost: 502,
};

const phrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  499: "Client Closed Request",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Seconds in the header Retry-After. */
const retryAfterSeconds = 1;

/** A request that is refused without a call, with the HTTP status that tells why. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly error: RpcError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    name: ErrorName,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.error = new RpcError(name, message, { executed: "no" });
    this.headers = headers;
  }
}

/** An error in the form of RFC 9457, with our own members. */
interface ProblemDetails {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: number;
  readonly name: ErrorName;
  readonly executed: RpcError["executed"];
  readonly issues?: RpcError["issues"];
}

/** The HTTP status for an error of a call. */
export function statusOf({ name }: RpcError): number {
  return statuses[name];
}

/** An error in the form of RFC 9457. */
export function problemDetails(error: RpcError, status: number = statusOf(error)): ProblemDetails {
  return {
    title: phrases[status] ?? error.name,
    status,
    // Many programs refuse JSON with half a pair of surrogates.
    detail: error.message.toWellFormed(),
    code: errorTable[error.name].code,
    name: error.name,
    executed: error.executed,
    ...(error.issues === undefined ? {} : { issues: error.issues }),
  };
}

/** Makes a refused request's answer of an error. */
type Refusal = (
  error: RpcError,
  headers?: Readonly<Record<string, string>>,
  status?: number,
) => Response;

/** An error as problem details. */
export const problemResponse: Refusal = (error, headers, status = statusOf(error)) => {
  const details = JSON.stringify(problemDetails(error, status));
  return refusal(`${details}\n`, "application/problem+json", status, headers);
};

/**
 * An error as one of JSON-RPC under no id, which is the form that agents' programs read whatever
 * the status. They lose all other texts.
 */
export const jsonRpcRefusal: Refusal = (error, headers, status = statusOf(error)) =>
  refusal(encodeError(null, error), "application/json", status, headers);

function refusal(
  body: string,
  type: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return reply(body, {
    status,
    headers: {
      "content-type": type,
      ...(status === 429 || status === 503 ? { "retry-after": String(retryAfterSeconds) } : {}),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...headers,
    },
  });
}
