/** Keeping one instance in a local registry. */

import { Backoff } from "../../base/backoff.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type {
  Announcement,
  AnnounceOptions,
  Instance,
  Override,
  OverrideChange,
} from "../discovery.ts";
import { encodeInstance } from "../instance_json.ts";
import { type LocalDirectory, prepareServiceDirectory } from "./directory.ts";
import { changed, isKept, noOverride, overridden } from "../override.ts";
import { OwnRegistration } from "./files.ts";
import { readOverride, writeOverride } from "./override_file.ts";

/** What the local registry is built on, and how it is tuned. */
export interface LocalAnnouncementOptions extends AnnounceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How often the files are looked after. */
  readonly checkMs: number;
}

/** A full disk or a read-only one is tried again after these delays. */
const retry = { baseMs: 100, maxMs: 5_000 };

/** A disk that hangs must not hold up the end of the program. */
const withdrawTimeoutMs = 2_000;

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "registered"; readonly registration: OwnRegistration }
  | { readonly kind: "withdrawn" };

/** One instance, announced by files that are made again whenever they are lost. */
export class LocalAnnouncement implements Announcement {
  readonly registered: Promise<void>;
  /** Resolves when it is withdrawn and its files are gone. */
  readonly ended: Promise<void>;
  readonly #directory: LocalDirectory;
  readonly #instance: Instance;
  readonly #options: LocalAnnouncementOptions;
  readonly #backoff: Backoff;
  readonly #withdrawal = new AbortController();
  #resolveRegistered: () => void;
  #state: State = { kind: "waiting" };
  #override = noOverride;
  #hasRead = false;
  /** One change of the files after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: LocalDirectory, instance: Instance, options: LocalAnnouncementOptions) {
    this.#directory = directory;
    this.#instance = instance;
    this.#options = options;
    this.#backoff = new Backoff(options.random, retry);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.registered = promise;
    this.#resolveRegistered = resolve;
    this.ended = this.#run();
  }

  get isRegistered(): boolean {
    return this.#state.kind === "registered";
  }

  override(change: OverrideChange): Promise<Override> {
    return this.#inTurn(async () => {
      if (this.#state.kind !== "registered" || this.#withdrawal.signal.aborted) {
        throw new RpcError("Unavailable", "The server is not registered now: try again");
      }
      const override = changed(this.#override, change, this.#instance);
      const path = await prepareServiceDirectory(this.#directory, this.#instance.service);
      const fresh = await this.#publish(path, override);
      try {
        if (this.#options.keepsOverride) await writeOverride(path, this.#instance, override);
      } catch (error) {
        await fresh.remove();
        throw error;
      }
      const { registration } = this.#state;
      this.#override = override;
      this.#state = { kind: "registered", registration: fresh };
      await registration.remove();
      return override;
    });
  }

  async withdraw(): Promise<void> {
    this.#withdrawal.abort();
    const settled = new AbortController();
    await Promise.race([
      this.ended.finally(() => settled.abort()),
      sleep(this.#options.clock, withdrawTimeoutMs, settled.signal),
    ]);
  }

  async #run(): Promise<void> {
    const { clock, checkMs } = this.#options;
    const { signal } = this.#withdrawal;
    while (!signal.aborted) {
      const isThere = await this.#inTurn(() => this.#look());
      await sleep(clock, isThere ? checkMs : this.#backoff.next(), signal);
    }
    await this.#turn;
    const { registration } = this.#state.kind === "registered" ? this.#state : {};
    this.#state = { kind: "withdrawn" };
    this.#resolveRegistered();
    await registration?.remove();
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #publish(directory: string, override: Override): Promise<OwnRegistration> {
    const instance = overridden(this.#instance, override);
    return OwnRegistration.publish(
      directory,
      (id) => encodeInstance(instance, id),
      instance.secret === undefined ? undefined : 0o600,
    );
  }

  /** Makes the files if they are not there. Says whether they are now. */
  async #look(): Promise<boolean> {
    if (this.#state.kind === "registered") {
      const { registration } = this.#state;
      if (await registration.isIntact()) return true;
      this.#options.log.warn("Our files in the local registry were removed, making them again", {
        directory: this.#directory.path,
        service: this.#instance.service,
      });
      this.#state = { kind: "waiting" };
      await registration.remove();
    }
    try {
      const path = await prepareServiceDirectory(this.#directory, this.#instance.service);
      const isFirst = !this.#hasRead;
      if (isFirst && this.#options.keepsOverride) {
        this.#override = await readOverride(path, this.#instance);
      }
      this.#hasRead = true;
      const registration = await this.#publish(path, this.#override);
      this.#state = { kind: "registered", registration };
      if (isFirst && isKept(this.#override)) this.#options.overridden?.(this.#override);
      this.#backoff.reset();
      this.#resolveRegistered();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    if (this.#backoff.failures > 0) return; // said already
    this.#options.trouble?.(
      new RpcError(
        "Unavailable",
        `Cannot announce the server in the local registry ${this.#directory.path}: ` +
          `${messageOf(error)}. Still trying. Make room or give permission there, ` +
          "or choose another directory with --registry local:/some/dir",
        { cause: error },
      ),
    );
  }
}
