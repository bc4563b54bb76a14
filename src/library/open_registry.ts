import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { openDiscovery } from "../discovery/open.ts";
import { assertServiceName, parseRegistryUrl } from "../discovery/registry_url.ts";
import { registryTls } from "./own_keys.ts";
import { readSetting } from "./settings.ts";

/** The registry and the service, as a user names them. */
export interface RegistryOptions {
  /**
   * `local:`, `zookeeper://host:2181`, or `static:host:port,host:port`.
   *
   * @default as for `rpc`: `RPC_REGISTRY`, else `registry` in `rpc.toml`, else `local:`
   */
  readonly registry?: string | undefined;
  /**
   * Whether to ignore this machine's keys: only servers and clients without keys are then reached.
   * A program that has no right to look for keys (`--allow-env`, `--allow-read`) must say so: with
   * this and `registry` it calls with `--allow-net` alone.
   *
   * @default as for `rpc`: `RPC_INSECURE`, else `insecure` in the user's own `rpc.toml`, else false
   */
  readonly insecure?: boolean | undefined;
  /**
   * Name of the service. @default `RPC_SERVICE`, else `service` in `rpc.toml`, else `rpc`
   */
  readonly service?: string | undefined;
  /** A directory for the last known lists of servers. @default they are not stored */
  readonly lastKnownDir?: string | undefined;
}

/**
 * Opens a registry with the machine's clock and randomness.
 *
 * @throws {RpcError} InvalidParams: the registry's URL or the service's name is invalid
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
 * The name of the service.
 *
 * @throws {RpcError} InvalidParams: a settings file cannot be read
 */
export async function serviceOf({ service }: RegistryOptions): Promise<string> {
  return service ?? await readSetting("service") ?? "rpc";
}
