/**
 * Whether a host name in a request can only be this machine's. A hostile page whose name resolves
 * to this machine (DNS rebinding) uses that name, which is never an address and always has a dot.
 *
 * @param hostname as in a URL: in lower case, an IPv6 address in brackets
 * @param names further names of this machine, such as the one listened on
 */
export function isKnownHost(hostname: string, ...names: readonly string[]): boolean {
  const isAddress = hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
  return isAddress || !hostname.includes(".") || hostname.endsWith(".localhost") ||
    [...names, Deno.hostname()].some((name) => name.toLowerCase() === hostname);
}
