import { RpcError } from "../../src/base/errors.ts";
import type {
  Announcement,
  Discovery,
  Instance,
  Watch,
  Watcher,
} from "../../src/discovery/discovery.ts";

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

/** A registry that says what a test tells it to say, at once. */
export class FakeDiscovery implements Discovery {
  readonly url = "fake:";
  readonly #watchers = new Set<Watcher>();

  /** Watches that are under way. */
  get watches(): number {
    return this.#watchers.size;
  }

  /** Hands a list to all watchers. Instances may be given by their port. */
  push(instances: readonly (Instance | number)[], stale = false): void {
    const list = instances.map((item) => typeof item === "number" ? instanceAt(item) : item);
    for (const watcher of this.#watchers) watcher.snapshot({ instances: list, stale });
  }

  /** Tells all watchers that the registry cannot be read. */
  trouble(message: string): void {
    for (const watcher of this.#watchers) watcher.trouble(new RpcError("Unavailable", message));
  }

  watch(_service: string, watcher: Watcher): Watch {
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  announce(): Announcement {
    throw new Error("Nothing that is tested with this registry announces");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
