/** What the tests of registries share: instances to announce, and a watcher that remembers. */

import type { RpcError } from "../../src/base/errors.ts";
import type { Change, Instance, Snapshot, Watcher } from "../../src/discovery/discovery.ts";
import type { LogFields, Logger } from "../../src/base/log.ts";
import { addressOf } from "../../src/base/names/host_port.ts";

/** How long a test waits for what should take milliseconds, before it says what it saw instead. */
export const waitMsMax = 180_000;

let nextPort = 10_000;

/** An instance with every field set, on an address of its own. */
export function anInstance(fields: Partial<Instance> = {}): Instance {
  return {
    id: crypto.randomUUID(),
    service: "rpc",
    host: "127.0.0.1",
    port: nextPort++,
    weight: 2.5,
    zone: "rack 1, Köln",
    version: "1.2.3",
    methods: ["ping", "pi", "fib"],
    startedAtMs: 1_767_225_600_000,
    ...fields,
  };
}

/** The addresses of instances, as a snapshot of them lists these. */
export function addressesOf(instances: readonly Instance[]): string[] {
  return instances.map(addressOf).sort();
}

/** Remembers everything that a watch says. */
export class Recorder implements Watcher {
  readonly snapshots: Snapshot[] = [];
  readonly troubles: RpcError[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #changed = new Map<string, Instance>();

  /** What all changes make together, sorted by address: the last list, if they are right. */
  get changed(): readonly Instance[] {
    const addresses = [...this.#changed.keys()].sort();
    return addresses.map((address) => this.#changed.get(address) as Instance);
  }

  get last(): Snapshot | undefined {
    return this.snapshots.at(-1);
  }

  snapshot(snapshot: Snapshot, { listed, unlisted }: Change): void {
    this.snapshots.push(snapshot);
    for (const instance of unlisted) this.#changed.delete(addressOf(instance));
    for (const instance of listed) this.#changed.set(addressOf(instance), instance);
    for (const look of this.#waiting) look();
  }

  trouble(error: RpcError): void {
    this.troubles.push(error);
    for (const look of this.#waiting) look();
  }

  /** Resolves when the condition holds of what was said; looks whenever something is said. */
  async until(condition: (recorder: this) => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => condition(this) && resolve();
    const seen = () => JSON.stringify({ last: this.last, troubles: this.troubles.map(String) });
    const timer = setTimeout(
      () => reject(new Error(`No ${what} within ${waitMsMax} ms; seen: ${seen()}`)),
      waitMsMax,
    );
    this.#waiting.add(look);
    try {
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  /** Resolves when the newest snapshot lists exactly these instances' addresses. */
  untilListed(...instances: readonly Instance[]): Promise<void> {
    const wanted = addressesOf(instances).join();
    return this.until(
      ({ last }) =>
        last !== undefined && !last.stale && addressesOf(last.instances).join() === wanted,
      `list of [${wanted}]`,
    );
  }
}

/** A log that a test reads. */
export class RecordingLogger implements Logger {
  readonly warnings: string[] = [];

  debug(): void {}
  info(): void {}
  warn(message: string, fields: LogFields = {}): void {
    this.warnings.push(`${message} ${JSON.stringify(fields)}`);
  }
  error(message: string, fields: LogFields = {}): void {
    this.warn(message, fields);
  }
}
