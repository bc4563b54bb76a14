import { messageOf } from "../../base/errors.ts";
import { endsSoon, expiryText, renewalAdvice } from "../../keys/expiry.ts";
import { hasKeyFiles, keysDirectory, ownKeysDirectory } from "../../keys/files.ts";
import { formatRights } from "../../keys/rights.ts";
import type { Finding } from "./finding.ts";

/** Who this machine is to others. */
export async function ownKeys(isInsecure: boolean, nowMs: number): Promise<Finding> {
  const check = "keys";
  let directory: string | undefined;
  try {
    directory = isInsecure ? keysDirectory() : ownKeysDirectory();
  } catch (error) {
    return { check, status: "wrong", text: messageOf(error), todo: "rpc keys join" };
  }
  if (directory === undefined || !hasKeyFiles(directory)) {
    return {
      check,
      status: "ok",
      text: "none: calls are not encrypted, and servers answer whoever reaches them",
    };
  }
  if (isInsecure) {
    return {
      check,
      status: "hint",
      text: `those in ${directory} are not used: --insecure, RPC_INSECURE or rpc.toml says so`,
      todo: "leave that out: rpc config get insecure tells where it comes from",
    };
  }
  const { areLast, readKeys } = await import("../../keys/keys.ts");
  try {
    const keys = readKeys(directory);
    if (keys === undefined) return { check, status: "ok", text: "none" };
    const { name, rights, validFromMs, validToMs } = keys.own;
    const text = `${name}, ${formatRights(rights) || "no rights"}, until ` +
      expiryText(validToMs, nowMs);
    if (nowMs < validFromMs) {
      const from = new Date(validFromMs).toISOString();
      const todo = "set this machine's clock, which is behind the one that made the keys";
      return { check, status: "wrong", text: `${name}: not good before ${from}`, todo };
    }
    const todo = renewalAdvice(areLast(keys));
    if (nowMs > validToMs) return { check, status: "wrong", text, todo };
    if (endsSoon(validToMs, nowMs)) return { check, status: "hint", text, todo };
    return { check, status: "ok", text };
  } catch (error) {
    return { check, status: "wrong", text: messageOf(error), todo: "see docs/SECURITY.md" };
  }
}
