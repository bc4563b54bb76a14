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

const utf8 = new TextEncoder();

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

/** Who waits for bytes, and where they go. */
interface Reader {
  readonly buffer: Uint8Array;
  resolve(length: number | null): void;
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
  /** What has come, as text until it is read: a large world moves millions. `null` is the end. */
  readonly #arrived: (string | null)[] = [];
  #isClosed = false;
  /** What is under way while the port is cut off. */
  readonly #held: (() => void)[] = [];
  #reader: Reader | undefined;

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

  /** The server sends a text, which is ASCII. */
  send(text: string): void {
    this.#network.bytes += text.length;
    this.#deliver(() => this.#arrive(text));
  }

  /** The server's process ends. */
  hangUp(): void {
    this.#deliver(() => this.#arrive(null));
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#arrived.length > 0) return Promise.resolve(this.#take(buffer));
    if (this.#isClosed) return Promise.resolve(null);
    return new Promise((resolve) => this.#reader = { buffer, resolve });
  }

  write(bytes: Uint8Array): Promise<number> {
    // The writer uses its buffer again.
    const copy = copyOf(bytes);
    this.#network.bytes += bytes.length;
    this.#deliver(() => this.#toServer(copy));
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.#isClosed = true;
    this.#reader?.resolve(null);
    this.#reader = undefined;
  }

  #arrive(text: string | null): void {
    this.#arrived.push(text);
    const reader = this.#reader;
    if (reader === undefined) return;
    this.#reader = undefined;
    reader.resolve(this.#take(reader.buffer));
  }

  #take(buffer: Uint8Array): number | null {
    const text = this.#arrived[0];
    if (text === null || text === undefined) return null;
    const { written } = utf8.encodeInto(text, buffer);
    if (written === text.length) this.#arrived.shift();
    else this.#arrived[0] = text.slice(written);
    return written;
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

const slabBytes = 64 * 1024;
let slab = new Uint8Array(slabBytes);
let slabUsed = 0;

/** A copy, in memory that many share: V8 takes longer to make a buffer than to fill it. */
function copyOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length > slabBytes) return bytes.slice();
  if (slabUsed + bytes.length > slabBytes) {
    slab = new Uint8Array(slabBytes);
    slabUsed = 0;
  }
  const copy = slab.subarray(slabUsed, slabUsed += bytes.length);
  copy.set(bytes);
  return copy;
}
