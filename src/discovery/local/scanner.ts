/** Finding out which servers a local registry's directory stands for. */

import { messageOf } from "../../base/errors.ts";
import { isOutOfHandles } from "../../base/system/handles.ts";
import type { Logger } from "../../base/log.ts";
import type { Instance } from "../discovery.ts";
import { decodeInstance } from "../instance_json.ts";
import { SkippedEntries } from "../skipped.ts";
import { checkLiveness, parseFileName, readRegistration } from "./files.ts";

/** What {@link LocalScanner} needs. */
interface LocalScannerOptions {
  readonly service: string;
  readonly log: Logger;
}

/** What one scan looks at beside the list of files. */
interface LocalScan {
  /** Registrations that something happened to since the last scan; `undefined`: maybe to all. */
  readonly touched: ReadonlySet<string> | undefined;
  /** Ask all locks, also those of registrations that nothing was heard of. */
  readonly all: boolean;
}

/** A registration seen before: its instance, or nothing to be used. */
type Known = { readonly instance: Instance } | { readonly instance?: undefined };

/** So many registrations take the thread a millisecond or two, in which nothing else runs. */
const checkedAtOnce = 64;

/**
 * Remembers what it has read: a scan reads only what is new, and asks only for the locks it is told
 * to.
 */
export class LocalScanner {
  readonly #service: string;
  readonly #known = new Map<string, Known>();
  readonly #skipped: SkippedEntries;
  #directory = "";

  constructor(options: LocalScannerOptions) {
    this.#service = options.service;
    this.#skipped = new SkippedEntries({
      log: options.log,
      one: "a file in the local registry that is no instance",
      many: "files in the local registry that are no instances",
      fields: (file) => ({ directory: this.#directory, file }),
    });
  }

  /**
   * The instances whose servers live, oldest first. What dead servers left is removed.
   *
   * @throws whatever the file system has against reading the directory
   */
  async scan(directory: string, { touched, all }: LocalScan): Promise<Instance[]> {
    this.#directory = directory;
    const { listed, unfinished, foreign } = await listFiles(directory);
    for (const id of this.#known.keys()) if (!listed.has(id)) this.#known.delete(id);
    let checked = 0;
    for (const id of listed) {
      if (touched?.has(id) ?? true) this.#known.delete(id);
      if (!all && this.#known.has(id)) continue;
      await this.#check(directory, id);
      if (++checked % checkedAtOnce === 0) await letOthersRun(directory);
    }
    // Files of a server that died while it wrote. There is no hurry, and a server that is writing
    // must not be disturbed.
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

  /** Asks for one registration's lock, and reads the registration unless that was done. */
  async #check(directory: string, id: string): Promise<void> {
    const liveness = await checkLiveness(directory, id);
    if (liveness === "alive" && this.#known.has(id)) return;
    this.#known.delete(id);
    if (liveness === "dead") return;
    let bytes: Uint8Array | undefined;
    try {
      bytes = readRegistration(directory, id);
    } catch (error) {
      // This process's own trouble says nothing of the server, which may be in use.
      if (isOutOfHandles(error)) throw error;
      // Not readable for now, or not for us. It is tried again at the next scan.
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

/**
 * The ids that have a `.json`, the ids that have another file, and JSON files of somebody else's.
 */
async function listFiles(directory: string) {
  const listed = new Set<string>();
  const unfinished = new Set<string>();
  const foreign = new Set<string>();
  for await (const { name } of Deno.readDir(directory)) {
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

/** Any question that another thread answers will do: what waits meanwhile has its turn. */
async function letOthersRun(directory: string): Promise<void> {
  await Deno.lstat(directory).catch(() => {});
}
