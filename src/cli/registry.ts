import { type Clock, systemClock } from "../base/clock.ts";
import { RpcError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { Transport } from "../client/transport.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { openDiscovery } from "../discovery/open.ts";
import { assertServiceName, parseRegistryUrl } from "../discovery/registry_url.ts";
import { openKeys, registryTls, transportOf } from "../library/own_keys.ts";
import { tendLater } from "../library/tend_later.ts";
import { stateDirectory } from "./syntax/settings.ts";
import { UsageError } from "../base/command_error.ts";

/**
 * The transport to servers: with this machine's keys, if it has any.
 *
 * @throws {CommandError} there are keys, and they cannot be used
 */
export async function openTransport(
  flags: { readonly insecure?: boolean | undefined },
  log: Logger,
): Promise<Transport> {
  return await transportOf(await openKeys(flags, log));
}

/**
 * Both the transport and the registry of a command that may run for long, and then looks after this
 * machine's keys.
 *
 * @throws {CommandError} there are keys, and they cannot be used
 * @throws {UsageError} the registry's URL or the service's name is invalid
 */
export async function openForLong(
  flags: Parameters<typeof openCommandRegistry>[0],
  log: Logger,
  clock: Clock = systemClock,
): Promise<{ readonly transport: Transport; readonly discovery: Discovery }> {
  const keys = await openKeys(flags, log);
  const transport = await transportOf(keys);
  const discovery = await openCommandRegistry(flags, log, clock);
  // It ends with the process.
  tendLater(keys, { discovery, service: flags.service, clock: systemClock }, log);
  return { transport, discovery };
}

/**
 * Opens the registry of a command's flags.
 *
 * @throws {UsageError} the registry's URL or the service's name is invalid
 */
export function openCommandRegistry(
  flags: {
    readonly registry: string;
    readonly service: string;
    readonly insecure?: boolean | undefined;
  },
  log: Logger,
  clock: Clock = systemClock,
): Promise<Discovery> {
  return open(flags, log, clock, stateDirectory());
}

/**
 * Opens the registry of a command's flags to see its current list, without last known lists and
 * without a service.
 *
 * @throws {UsageError} the registry's URL is invalid
 */
export function openListedRegistry(
  flags: { readonly registry: string; readonly insecure?: boolean | undefined },
  log: Logger,
): Promise<Discovery> {
  return open(flags, log, systemClock, undefined);
}

/**
 * Checks a registry that other processes will be given.
 *
 * @throws {UsageError} the registry's URL is invalid
 */
export function assertRegistryUrl(text: string): void {
  try {
    parseRegistryUrl(text);
  } catch (error) {
    throw asUsage(error);
  }
}

async function open(
  flags: {
    readonly registry: string;
    readonly service?: string;
    readonly insecure?: boolean | undefined;
  },
  log: Logger,
  clock: Clock,
  lastKnownDir: string | undefined,
): Promise<Discovery> {
  try {
    if (flags.service !== undefined) assertServiceName(flags.service);
    return await openDiscovery(parseRegistryUrl(flags.registry), {
      clock,
      random: systemRandom,
      log,
      lastKnownDir,
      openTls: registryTls(flags, log),
    });
  } catch (error) {
    throw asUsage(error);
  }
}

/** What is wrong with the words of a command line is told as such. */
function asUsage(error: unknown): unknown {
  return error instanceof RpcError ? new UsageError(error.message) : error;
}

/** Tells, in a command that runs for long, that the registry cannot be asked, or can be again. */
export function tellOfRegistry(log: Logger, trouble: RpcError | undefined): void {
  if (trouble === undefined) log.warn("The registry can be asked again");
  else log.warn(`The registry cannot be asked, trying again: ${trouble.message}`);
}
