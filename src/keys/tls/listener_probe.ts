import type { Clock, Timer } from "../../base/clock.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";

/** How often to look. A connection that has not come by the next look does not come. */
const probePeriodMs = 5_000;

/** What a {@link ListenerProbe} needs. */
interface ListenerProbeOptions {
  /** Where the listener listens. */
  readonly addr: HostPort;
  readonly clock: Clock;
  /** Called at each look at which the listener takes no connections. */
  deaf(): void;
}

/**
 * Finds a listener of `node:net` that takes no connections any more, by connecting to it. After a
 * moment without a free file handle the runtime never accepts again, and tells nobody.
 */
export class ListenerProbe {
  readonly #options: ListenerProbeOptions;
  readonly #looks: Timer;
  /** Of peers that have come since the last look: the listener may be quicker than we. */
  readonly #ports = new Set<number | undefined>();
  #connection: Deno.TcpConn | undefined;
  #isConnecting = false;
  #isStopped = false;

  constructor(options: ListenerProbeOptions) {
    this.#options = options;
    this.#looks = options.clock.every(probePeriodMs, () => void this.#look());
  }

  /** To be called with the port of each peer whose connection comes. */
  came(port: number | undefined): void {
    if (this.#isConnecting) this.#ports.add(port);
    if (port === this.#port) this.#end();
  }

  stop(): void {
    this.#isStopped = true;
    this.#looks.cancel();
    this.#end();
  }

  get #port(): number | undefined {
    return this.#connection?.localAddr.port;
  }

  #end(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #look(): Promise<void> {
    if (this.#isConnecting) return;
    if (this.#connection !== undefined) {
      this.#end();
      return this.#options.deaf();
    }
    const { host, port } = this.#options.addr;
    const hostname = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const address = addressOf({ host: hostname, port });
    const { state } = Deno.permissions.querySync({ name: "net", host: address });
    if (state !== "granted") return;
    this.#isConnecting = true;
    try {
      this.#connection = await Deno.connect({ hostname, port });
      if (this.#isStopped || this.#ports.has(this.#port)) this.#end();
    } catch (error) {
      // Otherwise it is this side that has no handle.
      if (error instanceof Deno.errors.ConnectionRefused && !this.#isStopped) this.#options.deaf();
    } finally {
      this.#isConnecting = false;
      this.#ports.clear();
    }
  }
}
