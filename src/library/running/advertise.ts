import { RpcError } from "../../base/errors.ts";
import { isOfOtherMachines } from "../../discovery/discovery.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf, type HostPort, parseHostPort } from "../../base/names/host_port.ts";

/** Addresses that mean "every interface": one can listen on them, but not connect to them. */
const wildcards: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** One of the machine's addresses, as `Deno.networkInterfaces` gives it. */
export interface OwnAddress {
  /** That of its interface. */
  readonly name?: string;
  readonly address: string;
  /** `IPv4` or `IPv6`. */
  readonly family: string;
}

/** What the announced address depends on. */
interface AdvertiseOptions {
  /** The address that the server listens on. */
  readonly listening: HostPort;
  /** What the user has set: `host`, `host:port` or `[v6]:port`. */
  readonly advertise: string | undefined;
  /** Whether the registry serves only this machine. */
  readonly isLocal: boolean;
  /** The machine's own addresses. */
  readonly interfaces: () => readonly OwnAddress[];
}

/**
 * The address for clients: what the user has set, else the one listened on. A wildcard is replaced
 * by loopback if the registry serves only this machine, else by the machine's first address.
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
  const own = options.interfaces().find((one) => one.family === family && isForOthers(one));
  if (own !== undefined) return { host: own.address, port: listening.port };
  throw new RpcError(
    "InvalidParams",
    `Cannot announce ${listening.host}: no client can connect to it, and this machine has no other ` +
      `${family} address; name one (--advertise, or advertise)`,
  );
}

/**
 * The {@link advertisedAddress}, with a warning if the registry's clients could not reach it.
 *
 * @throws {RpcError} InvalidParams: `advertise` is no address, or there is none to announce
 */
export function announcedAddress(
  { listening, advertise, interfaces = Deno.networkInterfaces, registryUrl, log }: {
    readonly listening: HostPort;
    readonly advertise?: string | undefined;
    readonly interfaces?: (() => readonly OwnAddress[]) | undefined;
    readonly registryUrl: string;
    readonly log: Logger;
  },
): HostPort {
  const isLocal = registryUrl.startsWith("local:");
  const address = advertisedAddress({ listening, advertise, isLocal, interfaces });
  if (isLocal && !isLoopback(listening.host)) {
    log.warn(
      `Other machines will not find this server: the registry ${registryUrl} is for one machine. ` +
        "Use the registry zookeeper://host:2181, or have them call with the registry " +
        `static:${addressOf(address)}`,
    );
  }
  if (isForNobodyElse(address, registryUrl)) {
    log.warn(
      `Only this machine can connect to ${addressOf(address)}, and that is what clients anywhere ` +
        "are told: listen on an address of your network, or name one (--advertise, or advertise)",
    );
  }
  return address;
}

/** Whether only this machine can connect to the address. Names are not resolved. */
export function isLoopback(host: string): boolean {
  return /^(localhost|::1|(::ffff:)?127(\.\d{1,3}){3})$/i.test(host);
}

/** Whether the clients of a registry may be on other machines than its servers. */
export function isOfNetwork(registryUrl: string): boolean {
  return /^zookeepers?:/.test(registryUrl);
}

/** Whether an address in a network's registry would send its clients to themselves. */
export function isForNobodyElse(announced: HostPort, registryUrl: string): boolean {
  return isOfOtherMachines(registryUrl) && isLoopback(announced.host);
}

/** Whether other machines may be told of it. */
export function isForOthers({ address }: OwnAddress): boolean {
  return !isLoopback(address) && !isLinkLocal(address);
}

function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || address.toLowerCase().startsWith("fe80:");
}

function parseAdvertise(text: string, portDefault: number): HostPort {
  // An IPv6 address that stands alone needs no brackets.
  const { host, port = portDefault } =
    parseHostPort(/^[^[]*:.*:/.test(text) ? `[${text}]` : text) ??
      {};
  if (host === undefined || wildcards.has(host) || port < 1 || port > 65_535) {
    throw new RpcError(
      "InvalidParams",
      `Cannot announce ${JSON.stringify(text)}: give a host that clients can connect to, ` +
        "such as 192.168.0.211 or 192.168.0.211:6666",
    );
  }
  return { host, port };
}
