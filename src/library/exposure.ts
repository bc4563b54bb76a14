import { RpcError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { baseName } from "../base/paths.ts";
import { addressOf } from "../discovery/discovery.ts";
import type { HostPort } from "../discovery/registry_url.ts";
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
  readonly log: Logger;
}

/**
 * Offers nobody's own code to a network without his word. What is built in is harmless, and runs with a
 * warning.
 *
 * @throws {RpcError} InvalidParams: what could be called by whom, and what to do
 */
export function guardExposure(exposure: Exposure): void {
  const { listen, module, exec, hasKeys, insecure, log } = exposure;
  if (hasKeys || insecure === true || isLoopback(listen.host)) return;
  const place = listen.port === 0 ? listen.host : addressOf(listen);
  const own = module ?? exec?.join(" ");
  if (own !== undefined) {
    throw new RpcError(
      "InvalidParams",
      `Cannot serve ${module === undefined ? own : baseName(own)} to the network: anybody who ` +
        `reaches ${place} could call it. Make keys (rpc keys init) or say --insecure`,
    );
  }
  log.warn(
    `Open: anybody who reaches ${place} may call. It serves what is built in, and nothing else; ` +
      "rpc keys init makes it secure",
  );
}
