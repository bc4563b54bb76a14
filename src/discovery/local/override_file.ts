/** Overrides in a local registry: a file for an address, beside the registrations. */

import { joinPath } from "../../base/paths.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Instance, Override } from "../discovery.ts";
import {
  decodeOverride,
  encodeOverride,
  isKept,
  noOverride,
  overrideBytesMax,
} from "../override.ts";
import { readRegularFile } from "../regular_file.ts";

/**
 * What is wanted of whoever serves at the instance's address.
 *
 * @throws whatever the file system has against reading it
 */
export async function readOverride(directory: string, instance: Instance): Promise<Override> {
  try {
    return decodeOverride(await readRegularFile(pathOf(directory, instance), overrideBytesMax));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return noOverride;
    throw error;
  }
}

/**
 * Keeps it, whole or not at all.
 *
 * @throws whatever the file system has against it
 */
export async function writeOverride(
  directory: string,
  instance: Instance,
  override: Override,
): Promise<void> {
  const path = pathOf(directory, instance);
  if (!isKept(override)) {
    await Deno.remove(path).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    return;
  }
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.writeTextFile(temporary, encodeOverride(override), { createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** Windows takes no colon in a file's name. */
function pathOf(directory: string, instance: Instance): string {
  return joinPath(directory, `${encodeURIComponent(addressOf(instance))}.override`);
}
