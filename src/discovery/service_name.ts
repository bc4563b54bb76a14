/** The rule for names of services. */

import { RpcError } from "../base/errors.ts";

/** Longest service name: it is the name of a directory and of a ZooKeeper node. */
const serviceNameLengthMax = 128;

/** Whether a name follows the rule of {@link assertServiceName}. */
export function isServiceName(service: string): boolean {
  return service.length <= serviceNameLengthMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(service);
}

/**
 * Checks a service's name: letters, digits, `.`, `_` and `-`, beginning with a letter or a digit,
 * so that it needs no escapes as a directory, as a ZooKeeper node and on a command line.
 *
 * @throws {RpcError} InvalidParams
 */
export function assertServiceName(service: string): void {
  if (isServiceName(service)) return;
  throw new RpcError(
    "InvalidParams",
    `Cannot use the service name ${JSON.stringify(service)}: it must be 1 to ` +
      `${serviceNameLengthMax} letters, digits, ".", "_" or "-", beginning with a letter or digit`,
  );
}
