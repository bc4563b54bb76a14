import { messageOf } from "../errors.ts";
import type { HostPort } from "../names/host_port.ts";

/**
 * Why an address cannot be listened on, and what to do, for people.
 *
 * @param mayBeAny whether port 0 can be asked for
 */
export function listenProblem(
  error: unknown,
  { host, port }: HostPort,
  mayBeAny = true,
  os = Deno.build.os,
): string {
  const another = `choose another one${mayBeAny ? ", or 0 for any that is free" : ""}`;
  // TLS listens by Node's net, whose errors have only codes: EINVAL for an address that is missing.
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const isLink = /^fe80:/i.test(host);
  if (error instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    return `the port is in use; ${another}`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable || (code === "EINVAL" && !isLink)) {
    return "this machine has no such address; 0.0.0.0 listens on all that it has";
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EACCES") {
    // Windows gives ranges of ports to Hyper-V and others, and no port to administrators alone.
    if (os === "windows") {
      return `Windows keeps this port for another use; ${another} (those that it keeps: netsh ` +
        "interface ipv4 show excludedportrange protocol=tcp)";
    }
    if (port < 1024) return "ports below 1024 need more rights; choose one above";
  }
  if (isLink && !host.includes("%")) {
    return `an address of a link needs its interface behind it, such as ${host}%eth0`;
  }
  const message = messageOf(error);
  if (!message.includes("lookup address") && code !== "ENOTFOUND") return message;
  return `${JSON.stringify(host)} is neither an address nor a known name; ` +
    "0.0.0.0 listens on all that this machine has";
}
