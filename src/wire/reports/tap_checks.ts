import { methodLengthMax, tapMethodsMax } from "../../base/limits.ts";
import { isObject } from "../../base/values/members.ts";
import type { Params } from "../message.ts";
import type { TapItem, TapParams } from "./tap.ts";

/**
 * Checks the parameters of `rpc.tap` without zod. `undefined`: they are wrong, or too unusual for
 * this check, and the schema in `tap.ts` has to decide.
 */
export function soundTapParams(params: Params = {}): TapParams | undefined {
  if (!isObject(params)) return undefined;
  const { methods, failed, slowMs, counts } = params;
  if (methods !== undefined && !areMethods(methods)) return undefined;
  if (failed !== undefined && typeof failed !== "boolean") return undefined;
  if (slowMs !== undefined && !(Number.isFinite(slowMs) && slowMs as number >= 0)) return undefined;
  if (counts !== undefined && typeof counts !== "boolean") return undefined;
  const sound = { methods, failed, slowMs: slowMs as number | undefined, counts };
  return Object.fromEntries(Object.entries(sound).filter(([, value]) => value !== undefined));
}

function areMethods(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= tapMethodsMax &&
    value.every((name) => typeof name === "string" && name.length <= methodLengthMax);
}

/**
 * An item of `rpc.tap` as our servers send it, told without zod; `undefined`: the schema in
 * `tap.ts` has to say what it is.
 */
export function soundTapItem(item: unknown): TapItem | undefined {
  if (!isObject(item) || !Object.entries(item).every(([name, value]) => isRight(name, value))) {
    return undefined;
  }
  const isCount = Object.keys(item).length === 1 && "missed" in item;
  return isCount || eventMembers.every((name) => name in item) ? item as TapItem : undefined;
}

/** Those that each event has. */
const eventMembers = ["atMs", "caller", "from", "method", "params", "outcome", "ms", "missed"];

/** Whether there is such a member, and it can have this value. */
function isRight(name: string, value: unknown): boolean {
  switch (name) {
    case "atMs":
    case "ms":
    case "missed":
      return Number.isFinite(value);
    case "caller":
    case "params":
      return value === null || typeof value === "string";
    case "from":
    case "method":
    case "outcome":
    case "message":
      return typeof value === "string";
    default:
      return false;
  }
}
