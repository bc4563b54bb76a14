/** A TCP proxy on loopback that can be made to misbehave, as networks do. */

/** Which way bytes flow. */
export type Direction = "toServer" | "toClient";

/** Where the proxy leads, and how it does at first. */
export interface TcpProxyOptions {
  readonly targetPort: number;
  /** @default "127.0.0.1" */
  readonly targetHost?: string;
}

/** What is wrong now: one thing at a time. */
type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "blackHole"; readonly healed: PromiseWithResolvers<void> }
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "trickle"; readonly bytesPerSecond: number }
  | { readonly kind: "cutAfter"; readonly direction: Direction; bytesLeft: number };

/** The pieces that a trickle comes in are as long as this time's share of its rate. */
const tricklePeriodMs = 20;

/** One client's connection and the one that the proxy made for it. */
interface Pair {
  readonly client: Deno.TcpConn;
  /** `undefined` while the proxy has not connected on. */
  server: Deno.TcpConn | undefined;
}

/** Starts a proxy to a port. Dispose of it to end it and its connections. */
export function startTcpProxy(options: TcpProxyOptions): TcpProxy {
  return new TcpProxy(options);
}

/** See {@link startTcpProxy}. Each method that sets a fault replaces the one before. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #options: TcpProxyOptions;
  readonly #pairs = new Set<Pair>();
  readonly #tasks = new Set<Promise<void>>();
  #fault: Fault = { kind: "none" };
  #isDisposed = false;
  #accepted = 0;
  #sentBytes = 0;

  constructor(options: TcpProxyOptions) {
    this.#options = options;
    this.#spawn(this.#accept());
  }

  /** Where clients connect to, on 127.0.0.1. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Connections that were ever taken. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Bytes that either side has sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Ends all connections. New ones are served as before. */
  cut(): void {
    for (const pair of this.#pairs) this.#close(pair);
  }

  /**
   * Holds everything back, ends of connections included, and takes new connections without doing
   * anything for them. What is held goes on its way when the fault ends, as it would by TCP's
   * retransmission.
   */
  blackHole(): void {
    this.#set({ kind: "blackHole", healed: Promise.withResolvers() });
  }

  /** Delivers everything so much later. */
  delay(delayMs: number): void {
    this.#set({ kind: "delay", delayMs });
  }

  /** Delivers at most so many bytes a second, for each connection and direction. */
  trickle(bytesPerSecond: number): void {
    this.#set({ kind: "trickle", bytesPerSecond });
  }

  /**
   * Delivers so many more bytes that way, then ends the connection in their midst, and is healed.
   */
  cutAfter(bytes: number, direction: Direction = "toClient"): void {
    this.#set({ kind: "cutAfter", bytesLeft: bytes, direction });
  }

  /** Is a good proxy again. */
  heal(): void {
    this.#set({ kind: "none" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#listener.close();
    this.cut();
    this.heal();
    await Promise.all(this.#tasks);
  }

  #set(fault: Fault): void {
    const previous = this.#fault;
    this.#fault = fault;
    if (previous.kind === "blackHole") previous.healed.resolve();
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        // It was on its way as the listener was closed: nobody would end it any more.
        if (this.#isDisposed) return client.close();
        this.#accepted++;
        this.#spawn(this.#serve(client));
      }
    } catch {
      // The listener was closed under the accept.
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    const pair: Pair = { client, server: undefined };
    this.#pairs.add(pair);
    try {
      await this.#passable();
      const server = await Deno.connect({
        hostname: this.#options.targetHost ?? "127.0.0.1",
        port: this.#options.targetPort,
      });
      pair.server = server;
      if (!this.#pairs.has(pair)) return;
      client.setNoDelay(true);
      server.setNoDelay(true);
      await Promise.all([
        this.#pump(pair, client, server, "toServer"),
        this.#pump(pair, server, client, "toClient"),
      ]);
    } catch {
      // One side is gone; so is the other, below.
    } finally {
      this.#close(pair);
    }
  }

  /** Copies one way until that way ends, and passes the end on. */
  async #pump(pair: Pair, from: Deno.TcpConn, to: Deno.TcpConn, direction: Direction) {
    const buffer = new Uint8Array(16 * 1024);
    let delivered = Promise.resolve();
    while (true) {
      const size = await from.read(buffer);
      if (size === null) break;
      this.#sentBytes += size;
      const chunk = buffer.slice(0, size);
      const readAt = performance.now();
      delivered = delivered.then(() => this.#deliver(pair, to, chunk, readAt, direction));
      // Only a delay lets the next bytes come before these are gone; a failure shows at the next
      // await.
      if (this.#fault.kind === "delay") delivered.catch(() => {});
      else await delivered;
    }
    await delivered;
    await this.#passable();
    await to.closeWrite();
  }

  async #deliver(
    pair: Pair,
    to: Deno.TcpConn,
    chunk: Uint8Array,
    readAt: number,
    direction: Direction,
  ): Promise<void> {
    await this.#passable();
    const fault = this.#fault;
    if (fault.kind === "delay") await pause(readAt + fault.delayMs - performance.now());
    if (fault.kind === "trickle") return await this.#drip(to, chunk);
    if (fault.kind === "cutAfter" && fault.direction === direction) {
      const part = chunk.subarray(0, fault.bytesLeft);
      fault.bytesLeft -= part.length;
      await writeAll(to, part);
      if (fault.bytesLeft > 0) return;
      if (this.#fault === fault) this.heal();
      this.#close(pair);
      return;
    }
    await writeAll(to, chunk);
  }

  async #drip(to: Deno.TcpConn, chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const rate = this.#fault.kind === "trickle" ? this.#fault.bytesPerSecond : Infinity;
      const size = Math.max(1, Math.floor(rate * tricklePeriodMs / 1_000));
      await writeAll(to, chunk.subarray(at, at + size));
      at += size;
      if (at < chunk.length) await pause(1_000 * size / rate);
    }
  }

  /** Resolves when bytes may pass. */
  async #passable(): Promise<void> {
    while (this.#fault.kind === "blackHole") await this.#fault.healed.promise;
  }

  #close(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const socket of [pair.client, pair.server]) {
      try {
        socket?.close();
      } catch {
        // Closed already.
      }
    }
  }

  #spawn(task: Promise<void>): void {
    this.#tasks.add(task);
    task.finally(() => this.#tasks.delete(task));
  }
}

async function writeAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, delayMs)));
}
