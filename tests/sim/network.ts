import type { Clock } from "../../src/base/clock.ts";
import { type Random, randomInt } from "../../src/base/random.ts";
import type { Duplex, Target, Transport } from "../../src/client/transport.ts";

/** How often TCP tries again while packets get lost. */
const retransmitMs = 200;

/** Who takes connections. */
export interface Listener {
  /** A connection was made. Returns what takes the client's bytes. */
  accept(line: Line): (bytes: Uint8Array) => void;
}

/** A path takes 1 to this many milliseconds each way. */
const delayMsMax = 2;

/** A network in which bytes take time, and ports can be cut off. */
export class SimNetwork implements Transport {
  readonly clock: Clock;
  readonly #random: Random;
  readonly #listeners = new Map<number, Listener>();
  readonly #cut = new Set<number>();
  /** Connections that were asked for. */
  attempts = 0;
  /** Bytes that were sent, both ways. */
  bytes = 0;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.#random = random;
  }

  listen(port: number, listener: Listener): void {
    this.#listeners.set(port, listener);
  }

  /** Nobody listens at the port any more: connections are refused. */
  unlisten(port: number): void {
    this.#listeners.delete(port);
  }

  /** From now on nothing comes through to a port or from it, and nobody is told. */
  cut(port: number): void {
    this.#cut.add(port);
  }

  /** The port can be reached again. */
  heal(port: number): void {
    this.#cut.delete(port);
  }

  isCut(port: number): boolean {
    return this.#cut.has(port);
  }

  /** How long a path takes, one way. */
  delayMs(): number {
    return 1 + randomInt(this.#random, delayMsMax);
  }

  connect({ port }: Target, signal: AbortSignal): Promise<Duplex> {
    this.attempts++;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("given up")), { once: true });
      this.clock.after(this.delayMs(), () => {
        if (this.isCut(port) || signal.aborted) return;
        const listener = this.#listeners.get(port);
        if (listener === undefined) reject(new Error("connection refused"));
        else resolve(new Line(this, port, listener));
      });
    });
  }
}

/**
 * One connection: the client's end of it as a {@link Duplex}, the server's as {@link send} and
 * {@link hangUp}.
 */
export class Line implements Duplex {
  readonly #network: SimNetwork;
  readonly #port: number;
  readonly #delayMs: number;
  readonly #toServer: (bytes: Uint8Array) => void;
  /** What has come; `null` is the end. */
  readonly #arrived: (Uint8Array | null)[] = [];
  #isClosed = false;
  /** What is under way while the port is cut off. */
  readonly #held: (() => void)[] = [];
  #wake: (() => void) | undefined;

  constructor(network: SimNetwork, port: number, listener: Listener) {
    this.#network = network;
    this.#port = port;
    this.#delayMs = network.delayMs();
    this.#toServer = listener.accept(this);
  }

  /** Whether the client has closed it. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The server sends bytes. */
  send(bytes: Uint8Array): void {
    this.#network.bytes += bytes.length;
    this.#deliver(() => this.#arrive(bytes));
  }

  /** The server's process ends. */
  hangUp(): void {
    this.#deliver(() => this.#arrive(null));
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#arrived.length === 0) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const chunk = this.#arrived[0];
    if (chunk === null || chunk === undefined) return null;
    const taken = chunk.subarray(0, buffer.length);
    if (taken.length === chunk.length) this.#arrived.shift();
    else this.#arrived[0] = chunk.subarray(taken.length);
    buffer.set(taken);
    return taken.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    // The writer uses its buffer again.
    const copy = bytes.slice();
    this.#network.bytes += bytes.length;
    this.#deliver(() => this.#toServer(copy));
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  #arrive(bytes: Uint8Array | null): void {
    this.#arrived.push(bytes);
    this.#wake?.();
  }

  /** In order, as TCP does, which tries again and again while packets get lost. */
  #deliver(action: () => void): void {
    if (this.#held.length > 0 || this.#network.isCut(this.#port)) {
      if (this.#held.push(action) === 1) this.#retransmit();
    } else {
      this.#network.clock.after(this.#delayMs, action);
    }
  }

  #retransmit(): void {
    this.#network.clock.after(retransmitMs, () => {
      if (this.#isClosed) return;
      if (this.#network.isCut(this.#port)) return this.#retransmit();
      for (const action of this.#held.splice(0)) this.#deliver(action);
    });
  }
}
