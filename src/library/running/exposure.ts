import { RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { baseName } from "../../base/paths.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import { isLoopback } from "./advertise.ts";

/** What decides on whether a server may start as it is. */
export interface Exposure {
  readonly listen: HostPort;
  /** The user's own code, if any is served. */
  readonly module?: string | undefined;
  readonly exec?: readonly string[] | undefined;
  readonly hasKeys: boolean;
  /** Somebody said in so many words that it may be open. */
  readonly insecure?: boolean | undefined;
}

/**
 * Offers nobody's own code to a network without his word. What is built in is harmless, and runs:
 * {@link warnOfExposure} tells.
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
      `reaches ${placeOf(exposure)} could call it. Make keys (rpc keys init) or say --insecure`,
  );
}

/** Says that anybody may call, where that is so and nobody has asked for it. */
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
