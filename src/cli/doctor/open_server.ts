import { isLoopback } from "../../library/running/advertise.ts";

/**
 * What to do about a server without keys where this machine has some.
 *
 * @param own this machine's addresses beside loopback. @default asks the system
 */
export function openServerHint(
  host: string,
  own: readonly string[] = Deno.networkInterfaces().map(({ address }) => address),
): string {
  return isLoopback(host) || own.includes(host)
    ? "start it anew, by who has the keys: it uses them if it finds them at its start"
    : "let its machine join the cluster: rpc keys invite here, rpc keys join there";
}
