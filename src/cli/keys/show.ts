import { systemClock } from "../../base/clock.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import {
  dateProblem,
  endsSoon,
  expiryText,
  renewalAdvice,
  wholeDaysLeft,
} from "../../keys/expiry.ts";
import { readKeyFile } from "../../keys/file_reading.ts";
import { hasAuthority, keyFiles, requiredKeysDirectory } from "../../keys/files.ts";
import { areLast, type Keys, otherAuthoritiesText, readKeys } from "../../keys/keys.ts";
import { formatRights } from "../../keys/rights.ts";
import { printLine } from "../../terminal/stdout.ts";
import type { KeysInput } from "./input.ts";

/** `rpc keys show`: who am I, what may I, how long still. */
export function show({ flags }: KeysInput): number {
  const directory = requiredKeysDirectory();
  const keys = readKeys(directory);
  if (keys === undefined) {
    throw new CommandError(
      `There are no keys in ${directory}: create a cluster with rpc keys init, ` +
        "or join one with rpc keys join",
    );
  }
  if (flags.json) printLine(JSON.stringify(toJson(keys, directory)));
  else printLine(toText(keys, directory));
  return exitCodes.success;
}

function toText(keys: Keys, directory: string): string {
  const { cluster, own } = keys;
  const rows = [
    ["cluster", cluster],
    ["name", own.name],
    ["rights", formatRights(own.rights) || "none"],
    ["until", expiryText(own.validToMs, systemClock.wallTimeMs())],
    ["keys", directory],
    ...problemsOf(keys, directory).map((problem) => ["problem", problem]),
    ["invites", hasAuthority(directory) ? "yes, the cluster was made here" : "no"],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(8)} ${value}`).join("\n");
}

/** What keeps these keys from being used: the dates here, and files that others can read. */
function problemsOf(keys: Keys, directory: string): string[] {
  const { own } = keys;
  const nowMs = systemClock.wallTimeMs();
  const problem = dateProblem(own, nowMs);
  const problems = problem === undefined ? [] : [problem];
  const others = otherAuthoritiesText(keys);
  if (others !== undefined) problems.push(others);
  if (endsSoon(own.validToMs, nowMs) && areLast(keys)) problems.push(renewalAdvice(true));
  try {
    readKeyFile(directory, keyFiles.authorityKey);
  } catch (error) {
    problems.push(messageOf(error));
  }
  return problems;
}

function toJson(keys: Keys, directory: string): Record<string, unknown> {
  const { cluster, own } = keys;
  return {
    cluster,
    name: own.name,
    rights: formatRights(own.rights),
    validFrom: new Date(own.validFromMs).toISOString(),
    validTo: new Date(own.validToMs).toISOString(),
    daysLeft: wholeDaysLeft(own.validToMs, systemClock.wallTimeMs()),
    directory,
    invites: hasAuthority(directory),
    problems: problemsOf(keys, directory),
  };
}
