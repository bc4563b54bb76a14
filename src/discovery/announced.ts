/** What announcements have in common, whatever registry they write to. */

import { type Clock, sleep } from "../base/clock.ts";
import { RpcError } from "../base/errors.ts";
import { withdrawTimeoutMs } from "../base/limits.ts";
import type { AnnounceOptions, Instance, Override, OverrideChange } from "./discovery.ts";
import { changed, isKept, noOverride, overridden } from "./override.ts";

/** Where a registry keeps the override of one address. */
export interface OverrideStore {
  /** Rejects if the registry cannot be asked. */
  read(): Promise<Override>;
  /** Rejects if it could not be kept; then what was kept before still is. */
  write(override: Override): Promise<void>;
}

/** An instance as its server was started, and what an operator has made of it since. */
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

  /** As it is to be announced, with the override or with one that is about to hold. */
  with(override = this.#override): Instance {
    return overridden(this.#instance, override);
  }

  /** Reads what the registry has kept for the address, once. Rejects if it cannot be asked. */
  async recall(): Promise<void> {
    if (this.#isRead) return;
    this.#override = await this.#store.read();
    this.#isRead = true;
    if (isKept(this.#override)) this.#options.overridden?.(this.#override);
  }

  /**
   * The override that holds after a change.
   *
   * @throws {RpcError} Unavailable: the registry does not list the instance now
   */
  changed(change: OverrideChange, isRegistered: boolean): Override {
    if (!isRegistered) {
      throw new RpcError("Unavailable", "The server is not registered now: try again");
    }
    return changed(this.#override, change, this.#instance);
  }

  /** The override holds from now on. Rejects if it could not be kept; then the former one does. */
  async keep(override: Override): Promise<void> {
    if (this.#options.keepsOverride) await this.#store.write(override);
    this.#override = override;
  }
}

/** Resolves when what never rejects has, or a little later: the end of a program waits for it. */
export async function withinWithdrawal(clock: Clock, ended: Promise<void>): Promise<void> {
  const settled = new AbortController();
  await Promise.race([
    ended.then(() => settled.abort()),
    sleep(clock, withdrawTimeoutMs, settled.signal),
  ]);
}
