import { systemClock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { createAuthority, createMember, openAuthority } from "../../keys/authority.ts";
import { rememberIssued } from "../../keys/authority_files.ts";
import { keyFiles, readKeyFile, requiredKeysDirectory, writeKeyFiles } from "../../keys/files.ts";
import { assertMachineName, isMachineName } from "../../keys/names.ts";
import { ownerRights } from "../../keys/rights.ts";
import { printLine } from "../../terminal/stdout.ts";
import { exitCodes } from "../exit_codes.ts";
import type { KeysInput } from "./input.ts";
import { show } from "./show.ts";

/** `rpc keys init`: a cluster, and this machine's own keys in it. */
export async function init(input: KeysInput): Promise<number> {
  const directory = requiredKeysDirectory();
  assertNoKeys(directory);
  const name = ownName(input.flags.name);
  const nowMs = systemClock.wallTimeMs();
  const ca = await createAuthority(nowMs);
  const authority = await openAuthority(ca);
  const subject = { name, rights: ownerRights };
  const own = await createMember(authority, subject, nowMs);
  writeKeyFiles(directory, {
    // The last one makes the others count: what is interrupted leaves no half of a cluster in use.
    [keyFiles.authorityKey]: ca.privateKey,
    [keyFiles.machineKey]: own.privateKey,
    [keyFiles.machine]: own.certificate,
    [keyFiles.authority]: ca.certificate,
  });
  rememberIssued(directory, subject, own.certificate, nowMs);
  show(input);
  if (!input.flags.json) {
    printLine(
      "next     rpc serve and rpc call use these keys from now on; for another machine, here:\n" +
        "         rpc keys invite <this machine's address>:6665",
    );
  }
  return exitCodes.success;
}

/**
 * Makes sure that there are none: a second cluster would lock out the first one's machines.
 *
 * @throws {CommandError} there are keys
 */
function assertNoKeys(directory: string): void {
  for (const file of [keyFiles.authority, keyFiles.machine, keyFiles.machineKey]) {
    if (readKeyFile(directory, file) === undefined) continue;
    throw new CommandError(
      `There are keys in ${directory} already: rpc keys show tells whose; ` +
        "to begin anew, move the directory away",
    );
  }
}

/** What this machine is called: as the user says, else its host name, as far as that is a name. */
export function ownName(given: string | undefined): string {
  if (given !== undefined) {
    assertMachineName(given);
    return given;
  }
  const host = Deno.hostname().split(".")[0] ?? "";
  return isMachineName(host) ? host : "machine";
}
