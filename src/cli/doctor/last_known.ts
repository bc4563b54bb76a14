import type { Logger } from "../../base/log.ts";
import { LastKnownStore } from "../../discovery/last_known/store.ts";
import type { Instance } from "../../discovery/discovery.ts";
import type { Finding } from "./finding.ts";

/** Servers that were in the registry once, and what to say of them. */
interface LastKnownServers {
  readonly finding: Finding;
  readonly instances: readonly Instance[];
}

/**
 * The servers that calls go to while the registry cannot be read: those of the last known list.
 *
 * @param directory where such lists are; `undefined`: nowhere
 */
export async function lastKnownServers(
  registryUrl: string,
  service: string,
  { directory, log }: { readonly directory: string | undefined; readonly log: Logger },
): Promise<LastKnownServers> {
  const stored = directory === undefined
    ? undefined
    : await new LastKnownStore({ directory, log }).load(registryUrl, service);
  if (stored === undefined) {
    const text = `the servers of ${service} are not looked at: nothing else lists them`;
    const todo = "rpc doctor -r static:<host>:<port> looks at one without the registry";
    return { finding: { check: "service", status: "hint", text, todo }, instances: [] };
  }
  const { instances, savedAtMs } = stored;
  const text = `${instances.length} ${instances.length === 1 ? "server" : "servers"} of ` +
    `${service} were listed at ${new Date(savedAtMs).toISOString()}, which calls go to meanwhile`;
  return { finding: { check: "service", status: "hint", text }, instances };
}
