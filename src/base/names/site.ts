/** Which addresses are one party's. */

const group = String.raw`(?:0|[1-9]\d{0,2})`;

/** Four decimal numbers: systems disagree about what other spellings mean. */
const ipv4 = new RegExp(String.raw`^${group}(?:\.${group}){3}$`);

const mappedIpv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What identifies a party behind an address (without brackets): an IPv4 address, or the upper half
 * of an IPv6 address, since a site can choose the lower half itself. `undefined` for what is no
 * address, such as a name.
 */
export function siteOf(host: string): string | undefined {
  const address = host.includes(":") ? mappedIpv4.exec(host)?.[1] ?? host : host;
  if (!address.includes(":")) return ipv4.test(address) ? address : undefined;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array(zeros).fill("0"), ...after].slice(0, 4)
    .map((one) => parseInt(one, 16).toString(16)).join(":");
}

/**
 * What identifies a party, from its `host:port`: the IPv4 address, or the upper half of the IPv6
 * address; `undefined` for this machine.
 */
export function callerAddress(from: string): string | undefined {
  const hostname = from.slice(0, from.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  const address = siteOf(hostname) ?? hostname;
  return /^127\./.test(address) || hostname === "::1" ? undefined : address;
}
