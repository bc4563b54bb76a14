/**
 * Checks what a client receives without a schema library: a program that makes one call would spend
 * more time on loading zod than on the call (docs/adr/0006). The schemas in `message.ts` stay the
 * definition; a test compares these functions with them over thousands of values that are nearly
 * messages.
 */

import { idLengthMax, methodLengthMax } from "../base/limits.ts";
import { isObject } from "../base/values/members.ts";
import type { ErrorData, Id, ItemParams, Params, Request, Response, WireError } from "./message.ts";

/** Whether a JSON value is a {@link Response}: it has a result, an error, or both. */
export function isResponseValue(value: unknown): value is Response {
  if (!isObject(value) || value["jsonrpc"] !== "2.0" || !isId(value["id"])) return false;
  const error = value["error"];
  return error === undefined ? "result" in value : isWireError(error);
}

/** Whether a JSON value is a notification, apart from an id that it may have. */
export function isNotificationValue(value: unknown): value is Request {
  if (!isObject(value) || value["jsonrpc"] !== "2.0") return false;
  const { method, params } = value;
  return typeof method === "string" && method.length <= methodLengthMax &&
    (params === undefined || (typeof params === "object" && params !== null));
}

/** An error's `data` if it has our form; otherwise it is ignored. */
export function errorDataOf(value: unknown): ErrorData {
  if (!isObject(value)) return {};
  const { executed, issues } = value;
  let data: ErrorData = {};
  if (executed !== undefined) {
    if (!isExecuted(executed)) return {};
    data = { executed };
  }
  if (issues !== undefined) {
    if (!Array.isArray(issues) || !issues.every(isIssue)) return {};
    data = { ...data, issues: issues.map(({ path, message }) => ({ path, message })) };
  }
  return data;
}

/** The parameters of `rpc.item`; `undefined` if they are something else. */
export function itemParams(params: Params | undefined): ItemParams | undefined {
  if (!isObject(params)) return undefined;
  const { id, items } = params;
  return isId(id) && Array.isArray(items) ? { id, items } : undefined;
}

/** What a server says of all its clients: their load, or an older one the number of connections. */
export interface ToldOfClients {
  readonly kind: "load" | "connections";
  /** At least 1. */
  readonly n: number;
}

/** The answer to a ping that asks for the load of all clients; `undefined`: it tells nothing. */
export function toldOfClients(result: unknown): ToldOfClients | undefined {
  if (!isObject(result)) return undefined;
  for (const kind of ["load", "connections"] as const) {
    const n = result[kind];
    if (typeof n === "number" && n >= 1 && n <= Number.MAX_SAFE_INTEGER) return { kind, n };
  }
  return undefined;
}

/** Whether a JSON value is an {@link Id}. */
export function isId(value: unknown): value is Id {
  if (typeof value === "number") return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  return value === null || (typeof value === "string" && value.length <= idLengthMax);
}

function isWireError(value: unknown): value is WireError {
  return isObject(value) && Number.isFinite(value["code"]) && typeof value["message"] === "string";
}

function isExecuted(value: unknown): value is NonNullable<ErrorData["executed"]> {
  return value === "no" || value === "maybe" || value === "yes";
}

function isIssue(value: unknown): value is NonNullable<ErrorData["issues"]>[number] {
  if (!isObject(value) || typeof value["message"] !== "string") return false;
  const { path } = value;
  return Array.isArray(path) &&
    path.every((key) => typeof key === "string" || Number.isFinite(key));
}
