import { messageOf } from "../errors.ts";

/**
 * Why an address cannot be listened on, and what to do, for people.
 *
 * @param mayBeAny whether port 0 can be asked for
 */
export function listenProblem(error: unknown, host: string, mayBeAny = true): string {
  // TLS listens by Node's net, whose errors have only codes: EINVAL for an address that is missing.
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const isLink = /^fe80:/i.test(host);
  if (error instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    return `the port is in use; choose another one${mayBeAny ? ", or 0 for any that is free" : ""}`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable || (code === "EINVAL" && !isLink)) {
    return "this machine has no such address; 0.0.0.0 listens on all that it has";
  }
  if (error instanceof Deno.errors.PermissionDenied || code === "EACCES") {
    return "ports below 1024 need more rights; choose one above";
  }
  if (isLink && !host.includes("%")) {
    return `an address of a link needs its interface behind it, such as ${host}%eth0`;
  }
  const message = messageOf(error);
  if (!message.includes("lookup address") && code !== "ENOTFOUND") return message;
  return `${JSON.stringify(host)} is neither an address nor a known name; ` +
    "0.0.0.0 listens on all that this machine has";
}
