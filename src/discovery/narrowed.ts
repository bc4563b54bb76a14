/** What a client sees of a registry when it is to call one server and no other. */

import { addressOf } from "../base/names/host_port.ts";
import type { Instance, InstanceSource } from "./discovery.ts";

/** A registry as it changes, but for all that stands at other addresses. */
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

/** A list of one instance, which stays as it is. */
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
