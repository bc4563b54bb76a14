/** A registry that is a fixed list, without announcements. */

import { RpcError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { addressOf } from "../base/names/host_port.ts";
import {
  type Announcement,
  anyCluster,
  type Discovery,
  type Instance,
  type Watch,
  type Watcher,
} from "./discovery.ts";
import { assertServiceName, formatRegistryUrl, type StaticRegistryUrl } from "./registry_url.ts";
import { ListTeller, oneByAddress } from "./snapshot.ts";

/** What {@link StaticDiscovery} needs. */
interface StaticDiscoveryOptions {
  readonly log: Logger;
}

/** The same fixed list of endpoints for every service. */
export class StaticDiscovery implements Discovery {
  readonly url: string;
  readonly watchesEndWithProcess = true;
  readonly #endpoints: StaticRegistryUrl["endpoints"];
  readonly #log: Logger;
  readonly #watches = new Set<Watch>();

  constructor(url: StaticRegistryUrl, options: StaticDiscoveryOptions) {
    this.url = formatRegistryUrl(url);
    this.#endpoints = url.endpoints;
    this.#log = options.log;
  }

  /** Does nothing: clients have their own lists. */
  announce(instance: Instance): Announcement {
    assertServiceName(instance.service);
    this.#log.debug("A static registry takes no announcements", { address: addressOf(instance) });
    let isRegistered = true;
    return {
      registered: Promise.resolve(),
      get isRegistered() {
        return isRegistered;
      },
      override() {
        return Promise.reject(
          new RpcError("Unavailable", "A static registry is a list that nobody can change"),
        );
      },
      withdraw() {
        isRegistered = false;
        return Promise.resolve();
      },
    };
  }

  watch(service: string, watcher: Watcher): Watch {
    assertServiceName(service);
    const watch: Watch = { close: () => void this.#watches.delete(watch) };
    this.#watches.add(watch);
    const instances = oneByAddress(
      this.#endpoints.map(({ host, port }) => unknownInstance(service, host, port)),
    );
    queueMicrotask(() => {
      if (this.#watches.has(watch)) new ListTeller(watcher).tell(instances);
    });
    return watch;
  }

  services(): Promise<readonly string[]> {
    const message = "A static registry is a list of addresses, and tells of no services";
    return Promise.reject(new RpcError("Unavailable", message));
  }

  close(): Promise<void> {
    this.#watches.clear();
    return Promise.resolve();
  }
}

/** An instance of which only the address is known, which serves as its id. */
function unknownInstance(service: string, host: string, port: number): Instance {
  return {
    id: addressOf({ host, port }),
    service,
    host,
    port,
    cluster: anyCluster,
    weight: 1,
    zone: "",
    version: "",
    methods: [],
    startedAtMs: 0,
  };
}
