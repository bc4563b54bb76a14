/** Where something listens or is reached: the one form of it, and its text. */

/** A host and a port; an IPv6 address without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * The two as people and URLs write them, an IPv6 address in brackets. For an instance this is its
 * identity: two of one address are the same endpoint.
 */
export function addressOf({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * The address to listen on for a host: `localhost` is this machine's own whatever its hosts file
 * says, for what it is told is for this machine alone (RFC 6761, 6.3).
 */
export function addressToListen(host: string): string {
  return /^localhost$/i.test(host) ? "127.0.0.1" : host;
}
