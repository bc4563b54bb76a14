/** Parses the address of a ZooKeeper ensemble as its users write it. */

import { type HostPort, parseHostPort } from "../base/names/host_port.ts";
import { ZooKeeperError } from "./errors.ts";
import { checkPath } from "./paths.ts";

/** What a connect string says. */
export interface ConnectString {
  /** Where the servers of the ensemble listen, at least one. */
  readonly members: readonly HostPort[];
  /** The node that every path is relative to, as in `/lab`; empty if it is the root. */
  readonly chroot: string;
}

/** ZooKeeper's default port. */
const defaultPort = 2181;

/**
 * Parses `host[:port][,host[:port]...][/chroot]`, with IPv6 addresses in brackets.
 *
 * @example
 * ```ts
 * import { parseConnectString } from "./connect_string.ts";
 *
 * const { members, chroot } = parseConnectString("10.0.0.1,[::1]:2182/lab");
 * console.assert(members[1]?.host === "::1" && members[0]?.port === 2181 && chroot === "/lab");
 * ```
 *
 * @throws {ZooKeeperError} BAD_ARGUMENTS
 */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? "/" : text.slice(slash);
  checkPath(path);
  return {
    members: hosts.split(",").map((part) => parseMember(part.trim(), text)),
    chroot: path === "/" ? "" : path,
  };
}

function parseMember(part: string, whole: string): HostPort {
  const { host, port = defaultPort } = parseHostPort(part) ?? {};
  if (host === undefined || port < 1 || port > 65535) {
    throw new ZooKeeperError(
      "BAD_ARGUMENTS",
      `Cannot use ${JSON.stringify(part)} in the ZooKeeper address ${JSON.stringify(whole)}: ` +
        `write host:port, an IPv6 address in brackets`,
    );
  }
  return { host, port };
}
