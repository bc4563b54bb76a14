import { messageOf } from "../../base/errors.ts";
import { endsSoon, expiryText, renewalAdvice } from "../../keys/expiry.ts";
import { readKeyFile } from "../../keys/file_reading.ts";
import { hasKeyFiles, keyFiles, keysDirectory, ownKeysDirectory } from "../../keys/files.ts";
import type { Keys } from "../../keys/keys.ts";
import { formatRights } from "../../keys/rights.ts";
import type { Finding } from "./finding.ts";

const check = "keys";

/** Who this machine is to others, and what is wrong with the files that say so. */
export async function ownKeys(isInsecure: boolean, nowMs: number): Promise<Finding[]> {
  let directory: string | undefined;
  try {
    directory = isInsecure ? keysDirectory() : ownKeysDirectory();
  } catch (error) {
    return [{ check, status: "wrong", text: messageOf(error), todo: "rpc keys join" }];
  }
  if (directory === undefined || !hasKeyFiles(directory)) {
    const text = "none: calls are not encrypted, and servers answer whoever reaches them";
    return [{ check, status: "ok", text }];
  }
  if (isInsecure) {
    return [{
      check,
      status: "hint",
      text: `those in ${directory} are not used: --insecure, RPC_INSECURE or rpc.toml says so`,
      todo: "leave that out: rpc config get insecure tells where it comes from",
    }];
  }
  const { areLast, otherAuthoritiesText, readKeys } = await import("../../keys/keys.ts");
  const findings: Finding[] = [];
  try {
    const keys = readKeys(directory);
    if (keys === undefined) return [{ check, status: "ok", text: "none" }];
    findings.push(datesOf(keys, renewalAdvice(areLast(keys)), nowMs));
    const others = otherAuthoritiesText(keys);
    if (others !== undefined) {
      const todo = "leave only the authority of the machine's own cluster in that file";
      findings.push({ check, status: "hint", text: others, todo });
    }
    // No command reads it but those that make members.
    readKeyFile(directory, keyFiles.authorityKey);
  } catch (error) {
    findings.push(refused(messageOf(error)));
  }
  return findings;
}

/** Whether keys count today, and what to do once they end. */
function datesOf({ own }: Keys, todo: string, nowMs: number): Finding {
  const { name, rights, validFromMs, validToMs } = own;
  const text = `${name}, ${formatRights(rights) || "no rights"}, until ` +
    expiryText(validToMs, nowMs);
  if (nowMs < validFromMs) {
    const from = new Date(validFromMs).toISOString();
    const clock = "set this machine's clock, which is behind the one that made the keys, or, if " +
      "that one was ahead: rpc keys renew";
    return { check, status: "wrong", text: `${name}: not good before ${from}`, todo: clock };
  }
  if (nowMs > validToMs) return { check, status: "wrong", text, todo };
  if (endsSoon(validToMs, nowMs)) return { check, status: "hint", text, todo };
  return { check, status: "ok", text };
}

/** A file that cannot be used. Where a command mends it, the message ends with that. */
function refused(message: string): Finding {
  const [, text = message, todo = "see docs/SECURITY.md"] =
    /^(.*); first[:,] (.*)$/.exec(message) ??
      [];
  return { check, status: "wrong", text, todo };
}
