import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { readBooleanSetting } from "./settings.ts";
import { plainTransport, type Transport } from "../client/transport.ts";
import type { DiscoveryDeps } from "../discovery/open.ts";
import { hasKeyFiles, keysDirectory, ownKeysDirectory } from "../keys/files.ts";
import type { KeyRing } from "../keys/key_ring.ts";

/**
 * This machine's keys, if it has any and they are not to be ignored. The code that reads them is
 * loaded only then, since Node's TLS takes as long to load as everything else.
 *
 * @throws {CommandError} there are keys, and they cannot be used: going on without them would not
 * be secure
 * @throws {RpcError} InvalidParams: the settings do not say whether to ignore them
 */
export async function openKeys(
  options: { readonly insecure?: boolean | undefined },
  log: Logger,
): Promise<KeyRing | undefined> {
  if (options.insecure ?? await readBooleanSetting("insecure")) return undefined;
  const directory = ownKeysDirectory();
  if (directory === undefined) return undefined;
  const { gatherEntropy } = await import("../keys/tls/entropy.ts");
  gatherEntropy();
  const { KeyRing } = await import("../keys/key_ring.ts");
  return KeyRing.open(directory, systemClock, log);
}

/** The transport with these keys, or without any. */
export async function transportOf(keys: KeyRing | undefined): Promise<Transport> {
  if (keys === undefined) return plainTransport(keysRemedy);
  const { tlsTransport } = await import("../client/tls/tls_transport.ts");
  return tlsTransport(keys);
}

/** What a user does for servers that want keys, where there are none or they are ignored. */
function keysRemedy(): string {
  try {
    const directory = keysDirectory();
    if (directory !== undefined && hasKeyFiles(directory)) return "leave out --insecure";
  } catch {
    // RPC_KEYS names no directory.
  }
  return "rpc keys join";
}

/**
 * Opens TLS connections to the registry, with this machine's keys if the registry is its cluster's.
 */
export function registryTls(
  options: { readonly insecure?: boolean | undefined },
  log: Logger,
): NonNullable<DiscoveryDeps["openTls"]> {
  let opening: Promise<KeyRing | undefined> | undefined;
  const open = () =>
    opening ??= openKeys(options, log).catch((error) => {
      // They may be readable the next time.
      opening = undefined;
      throw error;
    });
  return async (member, signal) => {
    const keys = (await open())?.current();
    if (keys === undefined) return undefined;
    const { connectTls } = await import("../keys/tls/connect.ts");
    const { zooKeeperName } = await import("../keys/names.ts");
    return await connectTls(member, keys, signal, zooKeeperName(keys.cluster));
  };
}
