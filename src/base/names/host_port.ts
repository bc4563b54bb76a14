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
