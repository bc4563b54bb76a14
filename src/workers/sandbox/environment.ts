/** What of its environment a server hands to a worker in a sandbox, and so to what that starts. */

import { collectorVariables } from "../collector_secrets.ts";

/** What runtimes and most programs look for: where things are, and how people want to read. */
const usual = [
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "XDG_*"],
  ...["LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "NO_COLOR", "FORCE_COLOR"],
  // Where Deno keeps what it has fetched.
  ...["DENO_DIR", "DENO_V8_FLAGS", "NPM_CONFIG_REGISTRY"],
  // Without these hardly a program starts on Windows.
  ...["SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "USERNAME", "USERPROFILE"],
  ...["APPDATA", "LOCALAPPDATA", "PROGRAM*", "COMMONPROGRAM*", "NUMBER_OF_PROCESSORS"],
  "PROCESSOR_*",
];

/**
 * The variables of this process that it gets: the usual ones, and those that procedures may see.
 * What else a server knows by its environment may be a secret.
 *
 * @param allowed names as `--allow-env` has them, with `*` at the end for any
 */
export function environmentOfSandbox(allowed: readonly string[] = []): Record<string, string> {
  // Windows takes names in any case.
  const sameCase = (name: string) => Deno.build.os === "windows" ? name.toUpperCase() : name;
  // Deno sends a worker's spans by what these say. What is secret of them does not stay there.
  const traced = collectorVariables().length > 0 ? ["OTEL_*"] : [];
  const wanted = [...usual, ...traced, ...allowed].map(sameCase);
  const isWanted = (name: string) =>
    wanted.some((one) => one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one);
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => isWanted(sameCase(name))),
  );
}
