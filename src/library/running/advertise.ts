import { RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";

/** Addresses that mean "every interface": fine to listen on, and nowhere to connect to. */
const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** What decides on the address that is announced. */
interface AdvertiseOptions {
  /** What the server listens on. */
  readonly listening: HostPort;
  /** What the user says: `host`, `host:port` or `[v6]:port`. */
  readonly advertise: string | undefined;
  /** The registry serves this machine only. */
  readonly isLocal: boolean;
  /** The machine's own addresses, as `Deno.networkInterfaces` gives them. */
  readonly interfaces: () => readonly { readonly address: string; readonly family: string }[];
}

/**
 * The address that clients shall use: what the user says, else the one listened on, but never a
 * wildcard. In place of that comes loopback if only this machine can look, else the first address
 * of the machine's own.
 *
 * @throws {RpcError} InvalidParams: `advertise` is no address, or there is none to announce
 */
export function advertisedAddress(options: AdvertiseOptions): HostPort {
  const { listening, advertise } = options;
  if (advertise !== undefined) return parseAdvertise(advertise, listening.port);
  if (!wildcards.has(listening.host)) return listening;
  const family = listening.host === "::" ? "IPv6" : "IPv4";
  if (options.isLocal) {
    return { host: family === "IPv4" ? "127.0.0.1" : "::1", port: listening.port };
  }
  const own = options.interfaces().find((one) =>
    one.family === family && !isLoopback(one.address) && !isLinkLocal(one.address)
  );
  if (own !== undefined) return { host: own.address, port: listening.port };
  throw new RpcError(
    "InvalidParams",
    `Cannot announce ${listening.host}: no client can connect to it, and this machine has no other ` +
      `${family} address; name one with --advertise`,
  );
}

/**
 * The {@link advertisedAddress}, with a warning where those who look for the server cannot come to
 * it.
 *
 * @throws {RpcError} InvalidParams: `advertise` is no address, or there is none to announce
 */
export function announcedAddress(
  { listening, advertise, registryUrl, log }: {
    readonly listening: HostPort;
    readonly advertise?: string | undefined;
    readonly registryUrl: string;
    readonly log: Logger;
  },
): HostPort {
  const isLocal = registryUrl.startsWith("local:");
  const interfaces = Deno.networkInterfaces;
  const address = advertisedAddress({ listening, advertise, isLocal, interfaces });
  if (isLocal && !isLoopback(listening.host)) {
    log.warn(
      `Other machines will not find this server: the registry ${registryUrl} is for one machine. ` +
        "Use --registry zookeeper://host:2181, or have them call with --registry " +
        `static:${addressOf(address)}`,
    );
  }
  if (isForNobodyElse(address, registryUrl)) {
    log.warn(
      `Only this machine can connect to ${addressOf(address)}, and that is what clients anywhere ` +
        "are told: listen on an address of your network, or name one with --advertise",
    );
  }
  return address;
}

/** Whether only this machine can connect to the address. Of a name nobody knows where it leads. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|(::ffff:)?127(\.\d{1,3}){3})$/i.test(host);
}

/** Whether a registry on the network would send its clients to themselves. */
export function isForNobodyElse(announced: HostPort, registryUrl: string): boolean {
  const isOnNetwork = /^zookeepers?:/.test(registryUrl) &&
    !/^zookeepers?:\/\/(?:[^@/]*@)?(?:127\.|localhost\b|\[::1\])/.test(registryUrl);
  return isOnNetwork && isLoopback(announced.host);
}

function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || address.toLowerCase().startsWith("fe80:");
}

function parseAdvertise(text: string, portDefault: number): HostPort {
  const match =
    /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.~-]+)?)\]|([^:[\]\s]+)|([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?:%[\w.~-]+)?))(?::(\d{1,5}))?$/
      .exec(text);
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = match?.[4] === undefined ? portDefault : Number(match[4]);
  if (host === undefined || wildcards.has(host) || port < 1 || port > 65_535) {
    throw new RpcError(
      "InvalidParams",
      `Cannot announce --advertise ${
        JSON.stringify(text)
      }: give a host that clients can connect to, ` +
        "such as 192.168.0.211 or 192.168.0.211:6666",
    );
  }
  return { host, port };
}
