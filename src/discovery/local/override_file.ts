/** Overrides in a local registry: one file for each address, next to the registrations. */

import { joinPath, readRegularFile, replaceFile } from "../../base/paths.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { OverrideStore } from "../announced.ts";
import type { Instance, Override } from "../discovery.ts";
import {
  decodeOverride,
  encodeOverride,
  isKept,
  noOverride,
  overrideBytesMax,
} from "../override.ts";
import { type LocalDirectory, prepareServiceDirectory } from "./directory.ts";

/** The override of one address. Rejects with the file system's errors. */
export class OverrideFile implements OverrideStore {
  readonly #directory: LocalDirectory;
  readonly #instance: Instance;

  constructor(directory: LocalDirectory, instance: Instance) {
    this.#directory = directory;
    this.#instance = instance;
  }

  // deno-lint-ignore require-await -- it must reject where the synchronous code throws
  async read(): Promise<Override> {
    return readOverride(this.#path());
  }

  async write(override: Override): Promise<void> {
    await writeOverride(this.#path(), override);
  }

  #path(): string {
    const { service } = this.#instance;
    return pathOf(prepareServiceDirectory(this.#directory, service), this.#instance);
  }
}

function readOverride(path: string): Override {
  try {
    return decodeOverride(readRegularFile(path, overrideBytesMax));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return noOverride;
    throw error;
  }
}

/** Stores an override, all of it or nothing. */
async function writeOverride(path: string, override: Override): Promise<void> {
  if (!isKept(override)) {
    await Deno.remove(path).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    return;
  }
  replaceFile(path, encodeOverride(override));
}

/** The address is escaped because Windows allows no colon in a file's name. */
function pathOf(directory: string, instance: Instance): string {
  return joinPath(directory, `${encodeURIComponent(addressOf(instance))}.override`);
}
