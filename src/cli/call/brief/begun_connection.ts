import { orAborted } from "../../../base/clock.ts";
import { addressOf, type HostPort } from "../../../base/names/host_port.ts";
import type { Duplex, Transport } from "../../../client/transport.ts";
import type { InstanceSource } from "../../../discovery/discovery.ts";
import type { Begun } from "./begun.ts";

/**
 * A connection that takes long. The client gets it as its first one to that server; if it fails,
 * the client makes its own, and tells why that fails.
 */
export class BegunConnection implements Begun {
  readonly takenMs: number;
  readonly #address: string;
  #connecting: Promise<Duplex> | undefined;

  constructor(server: HostPort, connecting: Promise<Duplex>, takenMs: number) {
    this.takenMs = takenMs;
    this.#address = addressOf(server);
    this.#connecting = connecting;
    // Whoever takes it is told, if anybody does.
    connecting.catch(() => {});
  }

  source(registry: InstanceSource): InstanceSource {
    return registry;
  }

  transport(own: Transport): Transport {
    return {
      ...own,
      connect: async (target, signal) => {
        const begun = this.#connecting;
        if (begun === undefined || addressOf(target) !== this.#address) {
          return await own.connect(target, signal);
        }
        this.#connecting = undefined;
        return await connected(begun, signal) ?? await own.connect(target, signal);
      },
    };
  }
}

/**
 * Resolves to the connection, or to `undefined` if it fails. Rejects when `signal` aborts; the
 * connection is closed then when it is there.
 */
async function connected(
  connecting: Promise<Duplex>,
  signal: AbortSignal,
): Promise<Duplex | undefined> {
  try {
    return await orAborted(connecting.catch(() => undefined), signal);
  } catch (error) {
    connecting.then((connection) => connection.close(), () => {});
    throw error;
  }
}
