/** Overrides: what becomes of an instance by them, and how a registry keeps them. */

import { Members } from "../base/values/members.ts";
import { weightMax } from "../base/limits.ts";
import type { Instance, Override, OverrideChange } from "./discovery.ts";

/** Nobody wants anything else of it than it says itself. */
export const noOverride: Override = { drained: false };

/** Longest text of an override that is read: a hundred times what is written. */
export const overrideBytesMax = 4_096;

/** An instance as it is to be announced. A weight of zero is what every client understands. */
export function overridden(instance: Instance, { drained, weight }: Override): Instance {
  const weighted = weight === undefined ? instance : { ...instance, weight };
  return drained ? { ...weighted, weight: 0, drained } : weighted;
}

/** What holds after a change. A weight that is the server's own needs no word. */
export function changed(before: Override, change: OverrideChange, instance: Instance): Override {
  const { drained, weight } = { ...before, ...change };
  return weight === undefined || weight === instance.weight ? { drained } : { drained, weight };
}

/** Whether there is anything to keep. */
export function isKept({ drained, weight }: Override): boolean {
  return drained || weight !== undefined;
}

/** Writes an override. */
export function encodeOverride({ drained, weight }: Override): string {
  return JSON.stringify({ drained, ...(weight === undefined ? {} : { weight }) });
}

/** Reads an override. What somebody else has put there is none: a server starts all the same. */
export function decodeOverride(bytes: Uint8Array): Override {
  try {
    return readOverride(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return noOverride;
  }
}

/** @throws {TypeError} what is wrong with it */
function readOverride(json: unknown): Override {
  const { drained = false, weight } = readOverrideChange(json);
  return weight === undefined ? { drained } : { drained, weight };
}

/**
 * Reads what a caller wants changed.
 *
 * @throws {TypeError} what is wrong with it
 */
export function readOverrideChange(json: unknown): OverrideChange {
  const members = new Members(json);
  const given = json as Record<string, unknown>;
  return {
    ...(given["drained"] === undefined ? {} : { drained: members.boolean("drained") }),
    ...(given["weight"] === undefined ? {} : { weight: members.number("weight", [0, weightMax]) }),
  };
}
