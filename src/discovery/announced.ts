/** What the announcements of all registries have in common. */

import { type Clock, sleep } from "../base/clock.ts";
import { RpcError } from "../base/errors.ts";
import { withdrawTimeoutMs } from "../base/limits.ts";
import type { AnnounceOptions, Instance, Override, OverrideChange } from "./discovery.ts";
import { changed, isKept, noOverride, overridden } from "./override.ts";

/** Where a registry keeps the override of one address. */
export interface OverrideStore {
  /** Rejects if the registry cannot be asked. */
  read(): Promise<Override>;
  /** Rejects if it could not be stored; the former override remains then. */
  write(override: Override): Promise<void>;
}

/** An instance as its server was started, and the override that an operator has set since. */
export class AnnouncedInstance {
  readonly #instance: Instance;
  readonly #store: OverrideStore;
  readonly #options: AnnounceOptions;
  #override = noOverride;
  #isRead: boolean;

  constructor(instance: Instance, store: OverrideStore, options: AnnounceOptions) {
    this.#instance = instance;
    this.#store = store;
    this.#options = options;
    this.#isRead = options.keepsOverride !== true;
  }

  /** The instance to announce: with the current override, or with the next one. */
  with(override = this.#override): Instance {
    return overridden(this.#instance, override);
  }

  /** Reads the stored override of the address, once. Rejects if the registry cannot be asked. */
  async recall(): Promise<void> {
    if (this.#isRead) return;
    this.#override = await this.#store.read();
    this.#isRead = true;
    if (isKept(this.#override)) this.#options.overridden?.(this.#override);
  }

  /**
   * The override after a change.
   *
   * @throws {RpcError} Unavailable: the registry does not list the instance now
   */
  changed(change: OverrideChange, isRegistered: boolean): Override {
    if (!isRegistered) {
      throw new RpcError("Unavailable", "The server is not registered now: try again");
    }
    return changed(this.#override, change, this.#instance);
  }

  /** Stores an override and makes it current. Rejects if it could not be stored. */
  async keep(override: Override): Promise<void> {
    if (this.#options.keepsOverride) await this.#store.write(override);
    this.#override = override;
  }
}

/** Resolves with a promise that never rejects, or after a bounded time: a program's end waits. */
export async function withinWithdrawal(clock: Clock, ended: Promise<void>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([
    ended.then(() => settled.abort()),
    sleep(clock, withdrawTimeoutMs, settled.signal),
  ]);
}
