import { noMethodText } from "../../base/names/nearest.ts";
import type { Instance } from "../../discovery/discovery.ts";

/**
 * What to say of methods that no server offers, which may be mistyped. Nothing where a server does
 * not say what it offers.
 */
export function unofferedTexts(
  names: readonly string[],
  instances: readonly Instance[],
): string[] {
  if (instances.some(({ methods }) => methods.length === 0)) return [];
  const offered = new Set(instances.flatMap(({ methods }) => methods));
  return names.filter((name) => !offered.has(name) && !/^rpc\.|\*/.test(name))
    .map((name) => noMethodText(name, offered, "no server offers it yet: rpc methods lists all"));
}
