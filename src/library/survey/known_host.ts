/**
 * Whether a name in a request can only be this machine's. A page of a stranger that has its own
 * name lead here (DNS rebinding) asks under that name: never an address, and never a name without a
 * dot.
 *
 * @param hostname as a URL has it: in lower case, an IPv6 address in brackets
 * @param names further names, whoever chose them: the one that was listened on
 */
export function isKnownHost(hostname: string, ...names: readonly string[]): boolean {
  const isAddress = hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
  return isAddress || !hostname.includes(".") || hostname.endsWith(".localhost") ||
    [...names, Deno.hostname()].some((name) => name.toLowerCase() === hostname);
}
