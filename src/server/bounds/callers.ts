import { siteOf } from "../../base/names/site.ts";

/** Callers that count as one, and share what one caller may have. */
export interface CallerGroup {
  /** Its open connections. */
  connections: number;
}

/** Who calls, by where it calls from. By name once there are keys. */
export class Callers {
  readonly #groups = new Map<string, CallerGroup>();

  /**
   * The group of a new connection, which is counted with it from now on.
   *
   * @param from `host:port`, an IPv6 address without brackets
   */
  enter(from: string): CallerGroup {
    const address = callerAddress(from);
    // Only their connections tell the programs of this machine apart.
    if (address === undefined) return { connections: 1 };
    const group = this.#groups.get(address) ?? { connections: 0 };
    group.connections++;
    this.#groups.set(address, group);
    return group;
  }

  /** One of its connections has ended. */
  leave(from: string, group: CallerGroup): void {
    if (--group.connections > 0) return;
    const address = callerAddress(from);
    if (address !== undefined) this.#groups.delete(address);
  }
}

/**
 * By what one party is known, from its `host:port`: its IPv4 address, or the IPv6 network of its
 * site; `undefined` for this machine.
 */
export function callerAddress(from: string): string | undefined {
  const hostname = from.slice(0, from.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  const address = siteOf(hostname) ?? hostname;
  return /^127\./.test(address) || hostname === "::1" ? undefined : address;
}
