/** Finds the live servers in a local registry's directory. */

import { isOutOfHandles, messageOf } from "../../base/errors.ts";
import type { Instance } from "../discovery.ts";
import { decodeInstance } from "../instance_json.ts";
import type { LocalRegistryUrl } from "../registry_url.ts";
import {
  assertLocalName,
  defaultLocalDirectory,
  namedLocalDirectory,
  prepareServiceDirectory,
} from "./directory.ts";
import { checkLiveness, parseFileName, readRegistration } from "./files.ts";

/** Whoever is told of files that are no instances, as `SkippedEntries` is. */
interface Skipped {
  add(file: string, reason: string): void;
  keepOnly(isThere: (file: string) => boolean): void;
  tell(): void;
}

/** What {@link LocalScanner} needs. */
interface LocalScannerOptions {
  readonly service: string;
  readonly skipped: Skipped;
}

/** What one scan checks besides the list of files. */
interface LocalScan {
  /** Registrations with events since the last scan; `undefined`: any may have changed. */
  readonly touched: ReadonlySet<string> | undefined;
  /** Whether to check all locks, and not only those of registrations with events. */
  readonly all: boolean;
  /**
   * Whether the directory is read without another thread, which is quicker, by a process that has
   * nothing else to do. @default false
   */
  readonly inOneGo?: boolean;
}

/** A registration that was read: its instance, or none if that cannot be used. */
type Known = { readonly instance: Instance } | { readonly instance?: undefined };

/** Checking this many registrations occupies the thread for a millisecond or two. */
const checkedAtOnce = 64;

/** Remembers what it has read: a scan reads only new registrations, and checks only some locks. */
export class LocalScanner {
  readonly #service: string;
  readonly #known = new Map<string, Known>();
  readonly #skipped: Skipped;

  constructor({ service, skipped }: LocalScannerOptions) {
    this.#service = service;
    this.#skipped = skipped;
  }

  /**
   * The instances whose servers live, oldest first. The files of dead servers are removed.
   *
   * @throws the file system's error if the directory cannot be read
   */
  async scan(
    directory: string,
    { touched, all, inOneGo = false }: LocalScan,
  ): Promise<Instance[]> {
    const entries = inOneGo ? Deno.readDirSync(directory) : Deno.readDir(directory);
    const { listed, unfinished, foreign } = await listFiles(entries);
    for (const id of this.#known.keys()) if (!listed.has(id)) this.#known.delete(id);
    let checked = 0;
    for (const id of listed) {
      if (touched?.has(id) ?? true) this.#known.delete(id);
      if (!all && this.#known.has(id)) continue;
      await this.#check(directory, id);
      if (++checked % checkedAtOnce === 0) await letOthersRun(directory);
    }
    // Files of servers that died while writing. They are removed only at full scans, so as not to
    // disturb a server that is still writing.
    for (const id of all ? unfinished.difference(listed) : []) await checkLiveness(directory, id);
    for (const name of foreign) this.#skipped.add(name, "its name is not a registration's");
    this.#skipped.keepOnly((name) =>
      foreign.has(name) || listed.has(parseFileName(name)?.id ?? "")
    );
    this.#skipped.tell();
    return [...this.#known.values()].map(({ instance }) => instance)
      .filter((instance) => instance !== undefined)
      .sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  /** Checks one registration's lock, and reads the registration if that was not done before. */
  async #check(directory: string, id: string): Promise<void> {
    const liveness = await checkLiveness(directory, id);
    if (liveness === "alive" && this.#known.has(id)) return;
    this.#known.delete(id);
    if (liveness === "dead") return;
    let bytes: Uint8Array | undefined;
    try {
      bytes = readRegistration(directory, id);
    } catch (error) {
      // A lack of file handles is our own trouble, and says nothing about the server.
      if (isOutOfHandles(error)) throw error;
      // It cannot be read now, or not by us. The next scan tries again.
      return this.#skipped.add(jsonNameOf(id), messageOf(error));
    }
    if (bytes === undefined) return;
    const decoded = decodeInstance(bytes, this.#service);
    if (decoded.kind === "malformed") this.#skipped.add(jsonNameOf(id), decoded.reason);
    else if (liveness === "unlocked") this.#skipped.add(jsonNameOf(id), "it has no lock file");
    const isUsable = decoded.kind === "instance" && liveness === "alive";
    this.#known.set(id, isUsable ? { instance: decoded.instance } : {});
  }
}

/** The ids with a `.json`, the ids with any other file, and the names of foreign JSON files. */
async function listFiles(entries: AsyncIterable<Deno.DirEntry> | Iterable<Deno.DirEntry>) {
  const listed = new Set<string>();
  const unfinished = new Set<string>();
  const foreign = new Set<string>();
  for await (const { name } of entries) {
    const file = parseFileName(name);
    if (file?.extension === "json") listed.add(file.id);
    else if (file !== undefined) unfinished.add(file.id);
    else if (name.endsWith(".json")) foreign.add(name);
  }
  return { listed, unfinished, foreign };
}

function jsonNameOf(id: string): string {
  return `${id}.json`;
}

/** Gives up the thread: any asynchronous file operation lets waiting work run. */
async function letOthersRun(directory: string): Promise<void> {
  await Deno.lstat(directory).catch(() => {});
}

/**
 * The live servers of a service, without a watch; none if there is anything to tell of the
 * registry, which a watch tells.
 *
 * @throws whatever is wrong
 */
export async function listOnce(
  { directory }: LocalRegistryUrl,
  service: string,
): Promise<readonly Instance[]> {
  assertLocalName(service);
  const place = directory === undefined ? defaultLocalDirectory() : namedLocalDirectory(directory);
  let isOdd = false;
  const skipped: Skipped = { add: () => void (isOdd = true), keepOnly() {}, tell() {} };
  const instances = await new LocalScanner({ service, skipped })
    .scan(prepareServiceDirectory(place, service), {
      touched: undefined,
      all: true,
      inOneGo: true,
    });
  return isOdd ? [] : instances;
}
