/** Overrides: how they change an instance, and their text in a registry. */

import { Members } from "../base/values/members.ts";
import { weightMax } from "../base/limits.ts";
import type { Instance, Override, OverrideChange } from "./discovery.ts";

/** The override of a server that is as it was started. */
export const noOverride: Override = { drained: false };

/** Longest text of an override that is read: a hundred times what we write. */
export const overrideBytesMax = 4_096;

/** An instance with an override. Drained means a weight of 0, which every client understands. */
export function overridden(instance: Instance, { drained, weight }: Override): Instance {
  const weighted = weight === undefined ? instance : { ...instance, weight };
  return drained ? { ...weighted, weight: 0, drained } : weighted;
}

/** The override after a change. A weight that equals the server's own is left out. */
export function changed(before: Override, change: OverrideChange, instance: Instance): Override {
  const { drained, weight } = { ...before, ...change };
  return weight === undefined || weight === instance.weight ? { drained } : { drained, weight };
}

/** Whether there is anything to store. */
export function isKept({ drained, weight }: Override): boolean {
  return drained || weight !== undefined;
}

/** Writes an override. */
export function encodeOverride({ drained, weight }: Override): string {
  return JSON.stringify({ drained, ...(weight === undefined ? {} : { weight }) });
}

/** Reads an override. Unreadable text is ignored, so that the server starts all the same. */
export function decodeOverride(bytes: Uint8Array): Override {
  try {
    return readOverride(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return noOverride;
  }
}

/** @throws {TypeError} why it is no override */
function readOverride(json: unknown): Override {
  const { drained = false, weight } = readOverrideChange(json);
  return weight === undefined ? { drained } : { drained, weight };
}

/**
 * Reads a change that a caller asks for.
 *
 * @throws {TypeError} why it is no change
 */
export function readOverrideChange(json: unknown): OverrideChange {
  const members = new Members(json);
  const given = json as Record<string, unknown>;
  return {
    ...(given["drained"] === undefined ? {} : { drained: members.boolean("drained") }),
    ...(given["weight"] === undefined ? {} : { weight: members.number("weight", [0, weightMax]) }),
  };
}
