import { RpcError } from "../../src/base/errors.ts";
import type {
  Announcement,
  Change,
  Discovery,
  Instance,
  Snapshot,
  Watch,
  Watcher,
} from "../../src/discovery/discovery.ts";
import { changeOf } from "../../src/discovery/snapshot.ts";

/** An instance at `127.0.0.1:port`, with whatever a test cares about. */
export function instanceAt(port: number, fields: Partial<Instance> = {}): Instance {
  return {
    id: `instance-${port}`,
    service: "rpc",
    host: "127.0.0.1",
    port,
    weight: 1,
    zone: "",
    version: "",
    methods: [],
    startedAtMs: 0,
    ...fields,
  };
}

/** Tells what is different from one list to the next, as a registry's watch does. */
export class FakeLists {
  readonly #byPort = new Map<number, Instance>();
  #last: readonly Instance[] = [];

  /** The next list. Instances may be given by their port. */
  next(items: readonly (Instance | number)[], stale = false): ListAndChange {
    const instances = items.map((item) => typeof item === "number" ? this.#at(item) : item);
    const { listed, unlisted } = changeOf(this.#last, instances);
    this.#last = stale ? [...unlisted, ...instances] : instances;
    return { instances, change: { listed, unlisted: stale ? [] : unlisted } };
  }

  #at(port: number): Instance {
    const known = this.#byPort.get(port) ?? instanceAt(port);
    this.#byPort.set(port, known);
    return known;
  }
}

interface ListAndChange {
  readonly instances: readonly Instance[];
  readonly change: Change;
}

/**
 * A registry that says what a test tells it to say, at once. Who watches later is told the list of
 * that time.
 */
export class FakeDiscovery implements Discovery {
  readonly url = "fake:";
  readonly #watchers = new Set<Watcher>();
  readonly #lists = new FakeLists();
  #current: Snapshot | undefined;

  /** Watches that are under way. */
  get watches(): number {
    return this.#watchers.size;
  }

  /** Hands a list to all watchers. Instances may be given by their port. */
  push(items: readonly (Instance | number)[], stale = false): void {
    const { instances, change } = this.#lists.next(items, stale);
    this.#current = { instances, stale };
    for (const watcher of this.#watchers) watcher.snapshot(this.#current, change);
  }

  /** Tells all watchers that the registry cannot be read. */
  trouble(message: string): void {
    for (const watcher of this.#watchers) watcher.trouble(new RpcError("Unavailable", message));
  }

  watch(_service: string, watcher: Watcher): Watch {
    this.#watchers.add(watcher);
    const list = this.#current;
    if (list !== undefined) watcher.snapshot(list, { listed: list.instances, unlisted: [] });
    return { close: () => void this.#watchers.delete(watcher) };
  }

  announce(): Announcement {
    throw new Error("Nothing that is tested with this registry announces");
  }

  services(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
