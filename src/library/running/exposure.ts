import { RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { baseName } from "../../base/paths.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import { isLoopback } from "./advertise.ts";

/** What decides whether a server may start as it is. */
export interface Exposure {
  readonly listen: HostPort;
  /** The user's own code, if any is served. */
  readonly module?: string | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly hasKeys: boolean;
  /** Whether the user has allowed it to be open. */
  readonly insecure?: boolean | undefined;
}

/**
 * Refuses to offer a user's code to a network without keys, unless the user has allowed it.
 * Built-in procedures are harmless, and only cause a warning: see {@link warnOfExposure}.
 *
 * @throws {RpcError} InvalidParams: what could be called by whom, and what to do
 */
export function guardExposure(exposure: Exposure): void {
  const { module, exec } = exposure;
  const own = module ?? exec?.join(" ");
  if (own === undefined || !isExposed(exposure)) return;
  throw new RpcError(
    "InvalidParams",
    `Cannot serve ${module === undefined ? own : baseName(own)} to the network: anybody who ` +
      `reaches ${
        placeOf(exposure)
      } could call it. Make keys (rpc keys init) or say --insecure (or ` +
      "insecure: true)",
  );
}

/** Warns if anybody may call, unless the user has asked for that. */
export function warnOfExposure(exposure: Exposure, log: Logger): void {
  if (!isExposed(exposure)) return;
  log.warn(
    `Open: anybody who reaches ${placeOf(exposure)} may call. It serves what is built in, and ` +
      "nothing else; rpc keys init makes it secure",
  );
}

function isExposed({ listen, hasKeys, insecure }: Exposure): boolean {
  return !hasKeys && insecure !== true && !isLoopback(listen.host);
}

function placeOf({ listen }: Exposure): string {
  return listen.port === 0 ? listen.host : addressOf(listen);
}
