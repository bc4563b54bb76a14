/** Who may call a server: what its flags say. */

import { UsageError } from "../../base/command_error.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import { isCallerPattern } from "../../base/names/patterns.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import { isLoopback } from "../../library/running/advertise.ts";

/**
 * A secret for the registry of this user, which only this user's clients can read.
 *
 * @throws {UsageError} others are to find the server, too
 */
export function secretFor(registry: string, listen: HostPort, keys: KeyRing | undefined): string {
  if (keys !== undefined) {
    throw new UsageError(
      "Cannot be --private with keys: --callers says who of the cluster may call",
    );
  }
  if (!registry.startsWith("local:") || !isLoopback(listen.host)) {
    throw new UsageError(
      "Cannot be --private on a network: it is for this user's clients on this machine, which find " +
        "it by the registry local: on 127.0.0.1",
    );
  }
  return crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
}

/**
 * The patterns of `--callers`, which need keys: without them nobody has a name.
 *
 * @throws {UsageError} they are none
 */
export function callersOf(
  text: string | undefined,
  keys: KeyRing | undefined,
): string[] | undefined {
  if (text === undefined) return undefined;
  const patterns = text.split(",").map((pattern) => pattern.trim()).filter((one) => one !== "");
  if (keys === undefined) {
    throw new UsageError("Cannot tell callers apart without keys: --callers needs rpc keys init");
  }
  if (patterns.length === 0) {
    throw new UsageError('Cannot serve nobody: --callers needs names such as "alice,win-*"');
  }
  const odd = patterns.find((pattern) => !isCallerPattern(pattern));
  if (odd !== undefined) {
    throw new UsageError(
      `Cannot use ${
        JSON.stringify(odd)
      } in --callers: names have letters, digits, dots, dashes and ` +
        "underscores, and * stands for any text",
    );
  }
  return patterns;
}
