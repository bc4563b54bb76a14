/** What of its environment a server hands to a worker in a sandbox, and so to what that starts. */

import { collectorVariables } from "../collector_secrets.ts";
import type { Permissions } from "./permissions.ts";

/** What runtimes and most programs look for: where things are, and how people want to read. */
const usual = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "XDG_*"],
  "LD_LIBRARY_PATH",
  ...["LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "NO_COLOR", "FORCE_COLOR"],
  // Where Deno keeps what it has fetched.
  ...["DENO_DIR", "DENO_V8_FLAGS", "NPM_CONFIG_REGISTRY"],
  // Without these hardly a program starts on Windows.
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "USERNAME", "USERPROFILE"],
  ...["APPDATA", "LOCALAPPDATA", "PROGRAM*", "COMMONPROGRAM*", "NUMBER_OF_PROCESSORS"],
  "PROCESSOR_*",
];

/** How hosts are reached, and whose certificates are good: a proxy may want a password. */
const ofNetwork = [
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"],
  ...["http_proxy", "https_proxy", "all_proxy", "no_proxy"],
  ...["DENO_CERT", "DENO_TLS_CA_STORE", "SSL_CERT_FILE", "SSL_CERT_DIR"],
];

/**
 * The variables of this process that it gets: the usual ones, those of a network if it may use one,
 * and those that procedures may see, with `*` at the end for any. What else a server knows by its
 * environment may be a secret.
 */
export function environmentOfSandbox({ env = [], net }: Permissions): Record<string, string> {
  // Windows takes names in any case.
  const sameCase = (name: string) => Deno.build.os === "windows" ? name.toUpperCase() : name;
  // Deno sends a worker's spans by what these say. What is secret of them does not stay there.
  const traced = collectorVariables().length > 0 ? ["OTEL_*"] : [];
  const wanted = [...usual, ...traced, ...(net === undefined ? [] : ofNetwork), ...env]
    .map(sameCase);
  const isWanted = (name: string) =>
    wanted.some((one) => one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one);
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => isWanted(sameCase(name))),
  );
}
