import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { openDiscovery } from "../discovery/open.ts";
import { parseRegistryUrl } from "../discovery/registry_url.ts";
import { assertServiceName } from "../discovery/service_name.ts";
import { registryTls } from "./own_keys.ts";
import { readSetting } from "./settings.ts";

/** Where servers are found, as a user says it. */
export interface RegistryOptions {
  /**
   * `local:`, `zookeeper://host:2181`, or `static:host:port,host:port`.
   *
   * @default what `rpc` would take: `RPC_REGISTRY`, else `registry` of `rpc.toml`, else `local:`
   */
  readonly registry?: string | undefined;
  /**
   * Goes without this machine's keys: in the open, and only with servers and clients that do too.
   * @default false
   */
  readonly insecure?: boolean | undefined;
  /**
   * Name of the service. @default by the same rule `RPC_SERVICE`, `service`, or
   * `rpc`
   */
  readonly service?: string | undefined;
  /** A directory where the last known lists of servers are kept. @default they are not kept */
  readonly lastKnownDir?: string | undefined;
}

/**
 * Opens a registry on the machine's own clock and randomness.
 *
 * @throws {RpcError} InvalidParams: the registry's URL or the service's name cannot be
 */
export async function openRegistry(options: RegistryOptions, log: Logger): Promise<Discovery> {
  const { lastKnownDir } = options;
  const registry = options.registry ?? await readSetting("registry") ?? "local:";
  const service = await serviceOf(options);
  assertServiceName(service);
  const deps = {
    clock: systemClock,
    random: systemRandom,
    log,
    lastKnownDir,
    openTls: registryTls(options, log),
  };
  return await openDiscovery(parseRegistryUrl(registry), deps);
}

/**
 * The service that is meant.
 *
 * @throws {RpcError} InvalidParams: a settings file cannot be read
 */
export async function serviceOf({ service }: RegistryOptions): Promise<string> {
  return service ?? await readSetting("service") ?? "rpc";
}
