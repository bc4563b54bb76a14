/** Keeps one instance announced in a local registry. */

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
import { AnnouncedInstance, withinWithdrawal } from "../announced.ts";
import { encodeInstance } from "../instance_json.ts";
import { Outage } from "../outage.ts";
import { type LocalDirectory, prepareServiceDirectory } from "./directory.ts";
import { OwnRegistration } from "./files.ts";
import { OverrideFile } from "./override_file.ts";

/** What the local registry is built on, and how it is tuned. */
interface LocalAnnouncementOptions extends AnnounceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How often the files are checked. */
  readonly checkMs: number;
}

/** After a failure, as on a full disk, it tries again after these delays. */
const retry = { baseMs: 100, maxMs: 5_000 };

type State =
  | { readonly kind: "waiting" }
  | { readonly kind: "registered"; readonly registration: OwnRegistration }
  | { readonly kind: "withdrawn" };

/** One instance, announced by files, which are made again if they are lost. */
export class LocalAnnouncement implements Announcement {
  readonly registered: Promise<void>;
  /** Resolves when it is withdrawn and its files are gone. */
  readonly ended: Promise<void>;
  readonly #directory: LocalDirectory;
  readonly #service: string;
  readonly #announced: AnnouncedInstance;
  readonly #options: LocalAnnouncementOptions;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  readonly #withdrawal = new AbortController();
  #resolveRegistered: () => void;
  #state: State = { kind: "waiting" };
  /** Ends with the last requested change of the files: changes run one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: LocalDirectory, instance: Instance, options: LocalAnnouncementOptions) {
    this.#directory = directory;
    this.#service = instance.service;
    this.#announced = new AnnouncedInstance(
      instance,
      new OverrideFile(directory, instance),
      options,
    );
    this.#outage = new Outage((error) => options.trouble?.(error), options.recovered);
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
      const former = this.#withdrawal.signal.aborted ? undefined : this.#registration;
      const override = this.#announced.changed(change, former !== undefined);
      const registration = await this.#publish(this.#announced.with(override));
      try {
        await this.#announced.keep(override);
      } catch (error) {
        await registration.remove();
        throw error;
      }
      this.#state = { kind: "registered", registration };
      await former?.remove();
      return override;
    });
  }

  async withdraw(): Promise<void> {
    this.#withdrawal.abort();
    await withinWithdrawal(this.#options.clock, this.ended);
  }

  async #run(): Promise<void> {
    const { clock, checkMs } = this.#options;
    const { signal } = this.#withdrawal;
    while (!signal.aborted) {
      const isThere = await this.#inTurn(() => this.#look());
      await sleep(clock, isThere ? checkMs : this.#backoff.next(), signal);
    }
    await this.#turn;
    const registration = this.#registration;
    this.#state = { kind: "withdrawn" };
    this.#resolveRegistered();
    await registration?.remove();
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  get #registration(): OwnRegistration | undefined {
    return this.#state.kind === "registered" ? this.#state.registration : undefined;
  }

  async #publish(instance: Instance): Promise<OwnRegistration> {
    return await OwnRegistration.publish(
      prepareServiceDirectory(this.#directory, this.#service),
      (id) => encodeInstance(instance, id),
      instance.secret === undefined ? undefined : 0o600,
    );
  }

  /** Makes the files if they are missing. Returns whether they exist now. */
  async #look(): Promise<boolean> {
    const lost = this.#registration;
    if (lost !== undefined) {
      if (await lost.isIntact()) return true;
      this.#options.log.warn("Our files in the local registry were removed, making them again", {
        directory: this.#directory.path,
        service: this.#service,
      });
      this.#state = { kind: "waiting" };
      await lost.remove();
    }
    try {
      await this.#announced.recall();
      const registration = await this.#publish(this.#announced.with());
      this.#state = { kind: "registered", registration };
      this.#backoff.reset();
      this.#outage.recovered();
      this.#resolveRegistered();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    this.#outage.failed(
      new RpcError(
        "Unavailable",
        `Cannot announce the server in the local registry ${this.#directory.path}: ` +
          `${messageOf(error)}. Still trying. Make room or give permission there, ` +
          "or choose another directory (--registry or RPC_REGISTRY, as local:/some/dir)",
        { cause: error },
      ),
    );
  }
}
