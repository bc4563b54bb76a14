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
 * An IPv6 address in brackets, which may name the interface that it is reached by, or a host
 * without colons; then perhaps a port.
 */
const form = /^(?:\[([\da-f.]*:[\da-f:.]*(?:%[\w.~-]+)?)\]|([^:/[\]\s]+))(?::(\d+))?$/i;

/**
 * Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`, as in `[fe80::1%eth0]:80`.
 *
 * @returns the host without brackets, and the port, however large; `undefined` where there is none,
 * and if the text has none of these forms
 */
export function parseHostPort(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, address, name, digits] = form.exec(text) ?? [];
  const host = address ?? name;
  if (host === undefined) return undefined;
  return { host, port: digits === undefined ? undefined : Number(digits) };
}

/**
 * The address to listen on for a host: `localhost` is this machine's own whatever its hosts file
 * says, for what it is told is for this machine alone (RFC 6761, 6.3).
 */
export function addressToListen(host: string): string {
  return /^localhost$/i.test(host) ? "127.0.0.1" : host;
}
