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
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1];
  const address = mapped ?? hostname;
  if (/^127\./.test(address) || address === "::1") return undefined;
  if (!address.includes(":")) return address;
  // The lower half of an IPv6 address is a site's own, so one site has all of these addresses.
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array(zeros).fill("0"), ...after].slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16)).join(":");
}
