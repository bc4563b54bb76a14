/** What a service may be called. */

import { RpcError } from "../base/errors.ts";

/** Longest service name: it is a directory's name and a znode's. */
const serviceNameLengthMax = 128;

/** Whether a service may be called that: see {@link assertServiceName}. */
export function isServiceName(service: string): boolean {
  return service.length <= serviceNameLengthMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(service);
}

/**
 * Checks a service's name: letters, digits, `.`, `_` and `-`, beginning with a letter or a digit,
 * so that it can be a directory's name, a znode's and part of a command line without escapes.
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
