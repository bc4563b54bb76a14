import { type HostPort, parseHostPort } from "../../base/names/host_port.ts";
import { UsageError } from "../../base/command_error.ts";

/** Where to invite and to join if no port is named: beside the one that servers usually have. */
const portDefault = 6665;

/**
 * An address as a user writes it.
 *
 * @throws {UsageError} it is none
 */
export function placeOf(text: string): HostPort & { readonly text: string } {
  const { host, port = portDefault } = parseHostPort(text) ?? {};
  if (host === undefined || port < 1 || port > 65_535) {
    throw new UsageError(
      `Cannot use the address ${JSON.stringify(text)}: give host:port, such as 192.168.0.211:6665`,
    );
  }
  return { host, port, text };
}
