/** Stores the last lists of registries on disk. */

import { joinPath, readRegularFile, replaceFile } from "../../base/paths.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Bounds, Members } from "../../base/values/members.ts";
import type { Instance } from "../discovery.ts";

/** A list, with the registry and the service that it is of. */
interface StoredList {
  /** {@link Discovery.url}: without a password. */
  readonly registry: string;
  readonly service: string;
  /** When it was written, in milliseconds since 1970 UTC. */
  readonly savedAtMs: number;
  readonly instances: readonly Instance[];
}

/** What {@link LastKnownStore} needs. */
interface LastKnownStoreOptions {
  /** It is made when it is first needed. */
  readonly directory: string;
  readonly log: Logger;
}

/** Longest file that is read: thousands of instances with all their methods. */
const fileBytesMax = 16 * 1024 * 1024;

/** Any length that fits the file. */
const anyLength: Bounds = [0, fileBytesMax];
const anyNumber: Bounds = [-Number.MAX_VALUE, Number.MAX_VALUE];
/** The moments that a `Date` can be. */
const anyMoment: Bounds = [-8.64e15, 8.64e15];

/** One file for each registry and service. A file is replaced atomically. */
export class LastKnownStore {
  readonly #directory: string;
  readonly #log: Logger;
  #saveFailed = false;

  constructor(options: LastKnownStoreOptions) {
    this.#directory = options.directory;
    this.#log = options.log;
  }

  /** The list last saved, if there is one and it can be read. Never rejects. */
  async load(registry: string, service: string): Promise<StoredList | undefined> {
    const path = await this.#pathOf(registry, service);
    try {
      const text = new TextDecoder().decode(readRegularFile(path, fileBytesMax));
      const list = readList(JSON.parse(text));
      if (list.registry === registry && list.service === service) return list;
      throw new Error(`it is of ${list.service} in ${list.registry}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      this.#log.warn("Cannot use the last known list of servers", {
        path,
        reason: messageOf(error),
      });
      return undefined;
    }
  }

  /** Replaces a list. Never rejects: a failure is logged once, and the old list stays. */
  async save(list: StoredList): Promise<void> {
    const path = await this.#pathOf(list.registry, list.service);
    try {
      await Deno.mkdir(this.#directory, { recursive: true, mode: 0o700 });
      replaceFile(path, JSON.stringify(list), 0o600);
      this.#saveFailed = false;
    } catch (error) {
      if (this.#saveFailed) return;
      this.#saveFailed = true;
      this.#log.warn("Cannot keep the last known list of servers", {
        path,
        reason: messageOf(error),
      });
    }
  }

  /** With a digest of the registry's URL, which may be too long for a file's name. */
  async #pathOf(registry: string, service: string): Promise<string> {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(registry));
    return joinPath(
      this.#directory,
      `${service}-${new Uint8Array(digest).toHex().slice(0, 16)}.json`,
    );
  }
}

/** @throws {TypeError} why it is no list */
function readList(json: unknown): StoredList {
  const list = new Members(json);
  return {
    registry: list.text("registry", anyLength),
    service: list.text("service", anyLength),
    savedAtMs: list.number("savedAtMs", anyMoment),
    instances: list.list("instances", fileBytesMax)
      .map((item, index) => readInstance(new Members(item, `instances.${index}`))),
  };
}

function readInstance(instance: Members): Instance {
  const cluster = instance.text("cluster", anyLength, "");
  const messageMax = instance.number("messageMax", anyNumber, 0);
  return {
    id: instance.text("id", anyLength),
    service: instance.text("service", anyLength),
    host: instance.text("host", [1, fileBytesMax]),
    port: instance.integer("port", [1, 65_535]),
    ...(cluster === "" ? {} : { cluster }),
    weight: instance.number("weight", [0, Number.MAX_VALUE]),
    ...(instance.boolean("drained", false) ? { drained: true } : {}),
    zone: instance.text("zone", anyLength),
    ...(messageMax === 0 ? {} : { messageMax }),
    version: instance.text("version", anyLength),
    methods: instance.texts("methods", fileBytesMax, anyLength),
    startedAtMs: instance.number("startedAtMs", anyNumber),
  };
}
