/** Overrides in ZooKeeper: one persistent node for each address. */

import { addressOf } from "../../base/names/host_port.ts";
import { type Acl, isZooKeeperError, openAcl, type ZooKeeperClient } from "../../zookeeper/mod.ts";
import type { Instance, Override } from "../discovery.ts";
import type { OverrideStore } from "../announced.ts";
import { decodeOverride, encodeOverride, isKept, noOverride } from "../override.ts";

/** Apart from the services: under those, other programs expect only instances. */
const overridesPath = "/overrides";

/** The override of one address. */
export class OverrideNode implements OverrideStore {
  readonly #client: ZooKeeperClient;
  readonly #parent: string;
  readonly #path: string;
  readonly #acl: readonly Acl[];

  constructor(client: ZooKeeperClient, instance: Instance, acl: readonly Acl[] = openAcl) {
    this.#client = client;
    this.#acl = acl;
    this.#parent = `${overridesPath}/${instance.service}`;
    this.#path = `${this.#parent}/${addressOf(instance)}`;
  }

  /** @throws {ZooKeeperError} ZooKeeper cannot be asked */
  async read(): Promise<Override> {
    try {
      return decodeOverride((await this.#client.getData(this.#path)).data);
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE")) return noOverride;
      throw error;
    }
  }

  /** @throws {ZooKeeperError} it could not be stored */
  async write(override: Override): Promise<void> {
    const client = this.#client;
    if (!isKept(override)) {
      await client.delete(this.#path).catch((error) => {
        if (!isZooKeeperError(error, "NO_NODE")) throw error;
      });
      return;
    }
    const text = encodeOverride(override);
    try {
      await client.setData(this.#path, text);
    } catch (error) {
      if (!isZooKeeperError(error, "NO_NODE")) throw error;
      await client.ensurePath(this.#parent, this.#acl);
      await client.create(this.#path, text, { acl: this.#acl });
    }
  }
}
