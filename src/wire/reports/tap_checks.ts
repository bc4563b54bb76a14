import { methodLengthMax, tapMethodsMax } from "../../base/limits.ts";
import { isObject } from "../../base/values/members.ts";
import type { Params } from "../message.ts";
import type { TapParams } from "./tap.ts";

/**
 * The parameters of `rpc.tap`, told without zod where they are right beyond doubt; `undefined`: the
 * schema in `tap.ts` has to say what they are.
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
