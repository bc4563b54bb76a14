import type { SecureContextOptions } from "node:tls";
import type { Keys } from "../keys.ts";

/** What either side of a connection shows with these keys, and whom it believes. */
export function contextOptionsOf(
  { authority, certificate, privateKey }: Keys,
): SecureContextOptions {
  return { ca: [authority], cert: certificate, key: privateKey, minVersion: "TLSv1.3" };
}
