/** The parameters of the notifications that streams are made of. */

import { isObject } from "../base/members.ts";
import { type Id, isCredit, isId, type Params } from "./message.ts";

/** The parameters of `rpc.item`; `undefined` if they are not. */
export function itemParams(params: Params | undefined): { id: Id; items: unknown[] } | undefined {
  if (!isObject(params)) return undefined;
  const { id, items } = params;
  return isId(id) && Array.isArray(items) ? { id, items } : undefined;
}

/** The parameters of `rpc.more`; `undefined` if they are not. */
export function moreParams(params: Params | undefined): { id: Id; n: number } | undefined {
  if (!isObject(params)) return undefined;
  const { id, n } = params;
  return isId(id) && isCredit(n) ? { id, n } : undefined;
}
