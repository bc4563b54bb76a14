import type { Clock, Timer } from "../../base/clock.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import { isGranted } from "../../base/system/is_granted.ts";

/** How often to look. A connection that has not come by the next look does not come. */
const probePeriodMs = 5_000;

/**
 * How long a connection that has not come by then is waited for once more. A process that was
 * stopped finds all its timers due before it sees what has come meanwhile.
 */
const graceMs = 1_000;

/** What a {@link ListenerProbe} needs. */
interface ListenerProbeOptions {
  /** Where the listener listens. */
  readonly addr: HostPort;
  readonly clock: Clock;
  /** Called at each look at which the listener takes no connections. */
  deaf(): void;
}

/**
 * Finds a listener of `node:net` that takes no connections any more, by connecting to it while
 * nobody else does. After a moment without a free file handle the runtime never accepts again, and
 * tells nobody.
 */
export class ListenerProbe {
  readonly #options: ListenerProbeOptions;
  readonly #looks: Timer;
  #grace: Timer | undefined;
  /** Whether any connection has come since the last look. */
  #hasCome = false;
  /** Set from a look until its connection has come, or is given up. */
  #attempt: AbortController | undefined;
  /** Made by the attempt. That may take minutes: the system holds so many that nobody accepts. */
  #connection: Deno.TcpConn | undefined;

  constructor(options: ListenerProbeOptions) {
    this.#options = options;
    this.#looks = options.clock.every(probePeriodMs, () => void this.#look());
  }

  /** To be called for each connection that the listener takes. */
  came(): void {
    this.#hasCome = true;
    this.#end();
  }

  stop(): void {
    this.#looks.cancel();
    this.#end();
  }

  #end(): void {
    this.#grace?.cancel();
    this.#grace = undefined;
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #look(): Promise<void> {
    const hasCome = this.#hasCome;
    this.#hasCome = false;
    if (hasCome) return;
    if (this.#attempt !== undefined) {
      this.#grace ??= this.#options.clock.after(graceMs, () => {
        this.#end();
        this.#options.deaf();
      });
      return;
    }
    const { host, port } = this.#options.addr;
    const hostname = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    const address = addressOf({ host: hostname, port });
    if (!isGranted({ name: "net", host: address })) return;
    const attempt = this.#attempt = new AbortController();
    try {
      const connection = await Deno.connect({ hostname, port, signal: attempt.signal });
      if (attempt === this.#attempt) this.#connection = connection;
      else connection.close();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#attempt = undefined;
      // Otherwise it is this side that has no handle.
      if (error instanceof Deno.errors.ConnectionRefused) this.#options.deaf();
    }
  }
}
