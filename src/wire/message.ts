/**
 * The messages that cross the wire, and what makes a JSON value one of them: JSON-RPC 2.0 with one
 * optional member of ours, `meta`. Members that nobody knows are passed over, so that versions can differ.
 *
 * The checks are written out, where all else here is checked by schemas: they are passed twice by every
 * call, and a program that makes one call would take longer to load the schema library than to make it
 * (docs/adr/0006). A test holds them against schemas of the same messages.
 */

import { isObject } from "../base/members.ts";
import type { Executed, ParamsIssue } from "../base/errors.ts";
import { callTimeoutMsMax, idLengthMax, methodLengthMax, streamCreditMax } from "../base/limits.ts";

/** The id of a request. `null` is legal and only makes an answer hard to tell from others. */
export type Id = number | string | null;

/** Parameters by position (an array) or by name (an object). */
export type Params = unknown[] | Record<string, unknown>;

/** What travels beside a request without being a parameter. */
export interface Meta {
  /** Time left for the call in milliseconds: never a timestamp, since clocks differ. */
  readonly timeoutMs?: number;
  /** The caller asks for a stream, and may be sent this many items before it grants more. */
  readonly stream?: number;
}

/** A request; a notification if `id` is `undefined`. */
export interface Request {
  readonly jsonrpc: "2.0";
  readonly id?: Id;
  readonly method: string;
  readonly params?: Params;
  readonly meta?: Meta;
}

/** The error member of an answer. `data` is ours where it has our form, and somebody else's otherwise. */
export interface WireError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Our `data` of an error. */
export interface ErrorData {
  readonly executed?: Executed;
  readonly issues?: readonly ParamsIssue[];
}

/** The answer to a request: an error if `error` is there, or else a result. */
export interface Response {
  readonly jsonrpc: "2.0";
  readonly id: Id;
  readonly result?: unknown;
  readonly error?: WireError;
}

/** The methods that JSON-RPC reserves for extensions, as far as we use them. */
export const reservedMethods = {
  /** Request: an OpenRPC document of what the server offers. */
  discover: "rpc.discover",
  /** Notification to the server, `{id}`: nobody waits for that call any more. */
  cancel: "rpc.cancel",
  /** Request, answered `"pong"` by the main process: is it alive? */
  ping: "rpc.ping",
  /** Request: counters of the server. */
  stats: "rpc.stats",
  /** Notification to the caller of a stream, `{id, items}`: the next items of that call. */
  item: "rpc.item",
  /** Notification to the server, `{id, n}`: so many more items of that call may be sent. */
  more: "rpc.more",
  /** Notification to the client: send new calls elsewhere; those under way will be answered. */
  goaway: "rpc.goaway",
} as const;

/** Methods that begin with this are not procedures. */
export const reservedPrefix = "rpc.";

/** What keeps a JSON value from being a {@link Request}, for people; `undefined` if it is one. */
export function requestFault(value: unknown): string | undefined {
  if (!isObject(value)) return "it is not an object";
  const { jsonrpc, id, method, params, meta } = value;
  if (jsonrpc !== "2.0") return 'its jsonrpc must be "2.0"';
  if (id !== undefined && !isId(id)) {
    return `its id must be a number, null, or a string of at most ${idLengthMax} characters`;
  }
  if (typeof method !== "string" || method.length > methodLengthMax) {
    return `its method must be a string of at most ${methodLengthMax} characters`;
  }
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return "its params must be an array or an object";
  }
  return meta === undefined ? undefined : metaFault(meta);
}

function metaFault(meta: unknown): string | undefined {
  if (!isObject(meta)) return "its meta must be an object";
  const { timeoutMs, stream } = meta;
  if (
    timeoutMs !== undefined &&
    !(typeof timeoutMs === "number" && timeoutMs >= 0 && timeoutMs <= callTimeoutMsMax)
  ) {
    return `its meta.timeoutMs must be a number from 0 to ${callTimeoutMsMax}`;
  }
  if (stream === undefined || isCredit(stream)) return undefined;
  return `its meta.stream must be an integer from 1 to ${streamCreditMax}`;
}

/** Whether a JSON value can say how many items of a stream may be sent. */
export function isCredit(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 &&
    value <= streamCreditMax;
}

/** Whether a JSON value is a {@link Response}: with a result or an error, or with both. */
export function isResponseValue(value: unknown): value is Response {
  if (!isObject(value) || value["jsonrpc"] !== "2.0" || !isId(value["id"])) return false;
  const error = value["error"];
  return error === undefined ? "result" in value : isWireError(error);
}

/** Whether a JSON value can be an {@link Id}. */
export function isId(value: unknown): value is Id {
  if (typeof value === "number") return Number.isFinite(value);
  return value === null || (typeof value === "string" && value.length <= idLengthMax);
}

function isWireError(value: unknown): value is WireError {
  return isObject(value) && Number.isFinite(value["code"]) && typeof value["message"] === "string";
}

/** Our `data` of an error. What has another form is as good as nothing. */
export function errorDataOf(value: unknown): ErrorData {
  if (!isObject(value)) return {};
  const { executed, issues } = value;
  if (executed !== undefined && !isExecuted(executed)) return {};
  if (issues !== undefined && !(Array.isArray(issues) && issues.every(isIssue))) return {};
  return {
    ...(executed === undefined ? {} : { executed }),
    ...(issues === undefined
      ? {}
      : { issues: issues.map(({ path, message }) => ({ path, message })) }),
  };
}

function isExecuted(value: unknown): value is Executed {
  return value === "no" || value === "maybe" || value === "yes";
}

function isIssue(value: unknown): value is ParamsIssue {
  if (!isObject(value) || typeof value["message"] !== "string") return false;
  const { path } = value;
  return Array.isArray(path) &&
    path.every((key) => typeof key === "string" || Number.isFinite(key));
}

/** The id in the parameters of `rpc.cancel`; `undefined` if there is none. */
export function cancelledId(params: Params | undefined): Id | undefined {
  if (!isObject(params)) return undefined;
  const { id } = params;
  return isId(id) ? id : undefined;
}
