/** Restricts a registry to one server, for a client that is to call no other. */

import { addressOf } from "../base/names/host_port.ts";
import type { Instance, InstanceSource } from "./discovery.ts";

/** The registry's instances at one address, as they change. */
export function onlyAt(address: string, source: InstanceSource): InstanceSource {
  const isThere = (one: Instance) => addressOf(one) === address;
  return {
    url: `${source.url} at ${address}`,
    watch: (service, watcher) =>
      source.watch(service, {
        snapshot({ instances, stale }, { listed, unlisted }) {
          watcher.snapshot(
            { instances: instances.filter(isThere), stale },
            { listed: listed.filter(isThere), unlisted: unlisted.filter(isThere) },
          );
        },
        trouble: (error) => watcher.trouble(error),
      }),
  };
}

/** A fixed list of one instance. */
export function onlyOne(instance: Instance, url: string): InstanceSource {
  return {
    url: `${url} at ${addressOf(instance)}`,
    watch(_service, watcher) {
      let isOpen = true;
      queueMicrotask(() => {
        if (!isOpen) return;
        const instances = [instance];
        watcher.snapshot({ instances, stale: false }, { listed: instances, unlisted: [] });
      });
      return { close: () => void (isOpen = false) };
    },
  };
}
