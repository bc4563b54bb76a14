/**
 * Checks what a server receives without zod. The schemas in `message.ts` define what is right, and
 * a test compares these functions with them on thousands of values that are nearly messages. What
 * is wrong with a message is told by the schemas, which are loaded only then.
 */

import {
  callTimeoutMsMax,
  loadMax,
  messageMaxLeast,
  messageMaxMost,
  methodLengthMax,
  streamCreditMax,
} from "../../base/limits.ts";
import { isObject } from "../../base/values/members.ts";
import type { Id, MoreParams, Params, Request } from "../message.ts";
import { isId } from "../reply_checks.ts";
import { isTraceparent } from "./traceparent.ts";

/** Reads a JSON value as a request; `undefined`: it is none. */
export function soundRequest(value: unknown): Request | undefined {
  if (!isObject(value) || value["jsonrpc"] !== "2.0") return undefined;
  const { id, method, params, meta } = value;
  if (typeof method !== "string" || method.length > methodLengthMax) return undefined;
  const sound: Request = { jsonrpc: "2.0", method };
  if (isId(id)) sound.id = id;
  else if (id !== undefined) return undefined;
  if (typeof params === "object" && params !== null) sound.params = withoutPrototype(params);
  else if (params !== undefined) return undefined;
  if (meta === undefined) return sound;
  const soundMeta = isObject(meta) ? metaOf(meta) : undefined;
  return soundMeta === undefined ? undefined : { ...sound, meta: soundMeta };
}

/** The id in the parameters of `rpc.cancel`; `undefined` if there is none. */
export function cancelledId(params: Params | undefined): Id | undefined {
  if (!isObject(params)) return undefined;
  const { id } = params;
  return isId(id) ? id : undefined;
}

/** The parameters of `rpc.more`; `undefined` if they are something else. */
export function moreParams(params: Params | undefined): MoreParams | undefined {
  if (!isObject(params)) return undefined;
  const { id, n } = params;
  return isId(id) && isWithin(n, 1, streamCreditMax) ? { id, n } : undefined;
}

/** How long a message the sender of these parameters of `rpc.discover` takes, if it says so. */
export function saidMessageMax(params: Params | undefined): number | undefined {
  if (!isObject(params)) return undefined;
  const { messageMax } = params;
  return isWithin(messageMax, messageMaxLeast, messageMaxMost) ? messageMax : undefined;
}

/** The load that the sender of these parameters of `rpc.ping` tells, if it does. */
export function saidLoad(params: Params | undefined): number | undefined {
  const load = isObject(params) ? params["load"] : undefined;
  return isWithin(load, 1, loadMax) ? load : undefined;
}

function metaOf(meta: Record<string, unknown>): Request["meta"] {
  const { timeoutMs, stream, traceparent: trace, caller } = meta;
  const sound: NonNullable<Request["meta"]> = {};
  if (timeoutMs !== undefined) {
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0 && timeoutMs <= callTimeoutMsMax)) {
      return undefined;
    }
    sound.timeoutMs = timeoutMs;
  }
  if (stream !== undefined) {
    if (!isWithin(stream, 1, streamCreditMax)) return undefined;
    sound.stream = stream;
  }
  if (trace !== undefined) sound.traceparent = isTraceparent(trace) ? trace : undefined;
  if (caller !== undefined) sound.caller = typeof caller === "string" ? caller : undefined;
  return sound;
}

/** Parameters without a member that an object of JavaScript would take for something else. */
export function withoutPrototype(params: object): Params {
  if (Array.isArray(params)) return params;
  const named = params as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(named, "__proto__")) return named;
  return Object.fromEntries(Object.entries(named).filter(([name]) => name !== "__proto__"));
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && value as number >= least && value as number <= most;
}
