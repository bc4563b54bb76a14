import { callerAddress } from "../../base/names/site.ts";

/** Connections that count as one caller, and share one caller's bounds. */
export interface CallerGroup {
  /** Its open connections. */
  connections: number;
  /** Whose memory it takes: the same for all groups of this machine, whose programs share it. */
  readonly owner: unknown;
  /** Whether that is one caller. */
  readonly isOneCaller: boolean;
}

/** Groups connections by address. With keys they are grouped by name instead. */
export class Callers {
  readonly #groups = new Map<string, CallerGroup>();

  /**
   * Counts a new connection, and returns its group.
   *
   * @param from `host:port`, an IPv6 address without brackets
   */
  enter(from: string): CallerGroup {
    const address = callerAddress(from);
    // Programs of this machine cannot be told apart, so each connection is a group of its own.
    if (address === undefined) return { connections: 1, owner: "this machine", isOneCaller: false };
    const group = this.#groups.get(address) ??
      { connections: 0, owner: address, isOneCaller: true };
    group.connections++;
    this.#groups.set(address, group);
    return group;
  }

  /** Counts the end of a connection. */
  leave(from: string, group: CallerGroup): void {
    if (--group.connections > 0) return;
    const address = callerAddress(from);
    if (address !== undefined) this.#groups.delete(address);
  }
}
