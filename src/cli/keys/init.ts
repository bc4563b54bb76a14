import { systemClock } from "../../base/clock.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { createAuthority, createMember, openAuthority } from "../../keys/authority.ts";
import { rememberIssued } from "../../keys/authority_files.ts";
import { putKeys } from "../../keys/bundle.ts";
import { lockKeys, removeKeyFile, writeKeyFiles } from "../../keys/file_writing.ts";
import { readKeyFile } from "../../keys/file_reading.ts";
import { keyFiles, requiredKeysDirectory } from "../../keys/files.ts";
import { assertMachineName, isMachineName } from "../../keys/names.ts";
import { ownerRights } from "../../keys/rights.ts";
import { printLine } from "../../terminal/stdout.ts";
import type { KeysInput } from "./input.ts";
import { show } from "./show.ts";

/** The files of a cluster whose making has failed. */
const inOrderOfRemoval = [
  keyFiles.machineKey,
  keyFiles.machine,
  keyFiles.authority,
  keyFiles.pending,
  keyFiles.authorityKey,
];

/** `rpc keys init`: a cluster, and this machine's own keys in it. */
export async function init(input: KeysInput): Promise<number> {
  const directory = requiredKeysDirectory();
  const name = ownName(input.flags.name);
  await makeCluster(directory, name);
  // Not under the lock: whoever is to read this may never do so.
  show(input);
  if (!input.flags.json) {
    printLine(
      "next     rpc serve and rpc call use these keys from now on: start servers anew that run\n" +
        "         already; for another machine, here:\n" +
        "         rpc keys invite <this machine's address>:6665",
    );
  }
  return exitCodes.success;
}

async function makeCluster(directory: string, name: string): Promise<void> {
  // Two at once would leave the key of one cluster beside the members of another.
  using _ = await lockKeys(directory);
  assertNoKeys(directory);
  const nowMs = systemClock.wallTimeMs();
  const ca = await createAuthority(nowMs);
  const authority = await openAuthority(ca);
  const subject = { name, rights: ownerRights };
  const own = await createMember(authority, subject, nowMs);
  // This machine's own keys make the others count, so they come last: what is interrupted before is
  // no cluster yet.
  writeKeyFiles(directory, { [keyFiles.authorityKey]: ca.privateKey });
  try {
    rememberIssued(directory, subject, own.certificate, nowMs);
    putKeys(directory, { ...own, authority: ca.certificate });
  } catch (error) {
    // All of it or nothing: a cluster without its own key could take in nobody, and the key would
    // pass for that of a cluster that this machine joins later. The key goes last, and before it
    // the bundle, so that a disk that refuses this, too, leaves a cluster that is whole.
    for (const name of inOrderOfRemoval) removeKeyFile(directory, name);
    throw error;
  }
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
