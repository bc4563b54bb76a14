import { RpcError } from "../base/errors.ts";
import { addressOf } from "../base/names/host_port.ts";
import type { Instance, Snapshot } from "../discovery/discovery.ts";

/**
 * The server with an address, or whose id begins with a text.
 *
 * @throws {RpcError} Unavailable: there is none, or more than one
 */
export function pickServer(wanted: string, { instances }: Snapshot): Instance {
  const exact = instances.find((one) => addressOf(one) === wanted || one.id === wanted);
  if (exact !== undefined) return exact;
  const found = wanted === "" ? [] : instances.filter(({ id }) => id.startsWith(wanted));
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  const known = (found.length > 0 ? found : instances).map((one) => {
    const id = shortIdOf(one);
    return id === "" ? addressOf(one) : `${addressOf(one)} (${id})`;
  });
  throw new RpcError(
    "Unavailable",
    found.length > 0
      ? `More than one server's id begins with ${wanted}: ${known.join(", ")}`
      : `No server ${JSON.stringify(wanted)} is registered: ${
        known.length === 0 ? "there is none at all" : `there are ${shortened(known)}`
      }`,
  );
}

/**
 * The beginning of an id, by which {@link pickServer} finds its server among most others. Empty
 * where only addresses are known: half of one would name nothing.
 */
export function shortIdOf(instance: Instance): string {
  return instance.id === addressOf(instance) ? "" : instance.id.slice(0, 8);
}

/** Most servers that an error names; `rpc servers` lists all. */
const namedMax = 8;

function shortened(known: readonly string[]): string {
  const more = known.length - namedMax;
  return [...known.slice(0, namedMax), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
