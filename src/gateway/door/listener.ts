import { type Clock, sleep, type Timer } from "../../base/clock.ts";
import { isOutOfHandles, messageOf } from "../../base/errors.ts";
import {
  gatewayCertificateCheckMs,
  gatewayCertificateToldMs,
  gatewayShortageToldMs,
  watchBytesFactor,
} from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { giveWay } from "../../base/system/give_way.ts";
import { addressOf, addressToListen, type HostPort } from "../../base/names/host_port.ts";
import { type Connection, Connections } from "./connections.ts";
import { connectionEnds, lastAnswer, Pipelines } from "./pipelines.ts";
import { Watcher } from "./watch/watcher.ts";
import {
  assertTlsPair,
  datesFault,
  readTlsFiles,
  type TlsFiles,
  type TlsPair,
} from "./tls_files.ts";

/** Where to listen, and what answers. */
interface HttpListenerOptions extends HostPort {
  readonly tls: TlsFiles | undefined;
  /** Never rejects. `from` is the peer's `host:port`. */
  readonly answer: (request: Request, from: string, connection: Connection) => Promise<Response>;
  /** The longest message that is taken, in bytes. */
  readonly messageBytesMax: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long a port that was just closed may stay in use, and how often it is tried. */
const rebindMs = 2_000;
const rebindPeriodMs = 5;

/**
 * Listens for HTTP on a port. When the certificate's files change, new connections get the new one.
 * When connections have used up the system's handles, the runtime stops listening. Then idle
 * connections are closed, and it listens again.
 */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #port: number;
  readonly #timers: readonly Timer[];
  readonly #pipelines: Pipelines;
  readonly #connections: Connections;
  #watcher: Watcher | undefined;
  /** Former listeners whose requests are being finished. */
  readonly #left = new Set<Deno.HttpServer<Deno.NetAddr>>();
  #server: Deno.HttpServer<Deno.NetAddr>;
  /** What it listens with. */
  #pair: TlsPair | undefined;
  /** What the files held at the last look, good or not. */
  #seen: TlsPair | undefined;
  /** Why they could not be used at the last look, which is told once. */
  #trouble: string | undefined;
  #isLooking = false;
  #tellShortageAtMs = -Infinity;
  #isClosed = false;

  private constructor(options: HttpListenerOptions, pair: TlsPair | undefined) {
    this.#options = options;
    this.#pipelines = new Pipelines();
    this.#connections = new Connections({
      ...options,
      port: () => this.#port,
      late: () => this.#watch(),
      turn: () => this.#watcher?.sign(),
    });
    this.#pair = this.#seen = pair;
    this.#server = this.#serve(options.port, pair);
    this.#port = this.#server.addr.port;
    if (pair !== undefined) this.#watch();
    const { clock } = options;
    this.#timers = pair === undefined ? [] : [
      clock.every(gatewayCertificateCheckMs, () => void this.#look()),
      clock.every(gatewayCertificateToldMs, () => this.#tellDates()),
    ];
    this.#tellDates();
    this.#guard();
  }

  /** Begins to listen. Throws if it cannot. */
  static async open(options: HttpListenerOptions): Promise<HttpListener> {
    const { tls } = options;
    if (tls === undefined) return new HttpListener(options, undefined);
    const pair = await readTlsFiles(tls);
    assertTlsPair(pair, tls);
    return new HttpListener(options, pair);
  }

  /** Its URL, with the name that it listens on. */
  get url(): string {
    const { host, tls } = this.#options;
    const scheme = tls === undefined ? "http" : "https";
    return `${scheme}://${addressOf({ host, port: this.#port })}/`;
  }

  /** Takes no more connections, and resolves when no request is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.all([this.#server, ...this.#left].map((one) => one.shutdown().catch(() => {})));
    this.#connections.close();
    this.#watcher?.close();
  }

  #serve(port: number, pair: TlsPair | undefined): Deno.HttpServer<Deno.NetAddr> {
    const { host, log } = this.#options;
    const options = {
      hostname: addressToListen(host),
      port,
      onListen() {},
      onError(error: unknown) {
        if (error !== connectionEnds) {
          log.warn("Cannot answer a request", { reason: messageOf(error) });
        }
        return new Response("failed\n", { status: 500 });
      },
    };
    const server = Deno.serve(
      pair === undefined ? options : { ...options, ...pair },
      (request, { remoteAddr: { hostname, port }, completed }) => {
        const from = `${hostname}:${port}`;
        const connection = this.#connections.of(from);
        connection.begin();
        const end = () => connection.end();
        completed.then(end, end);
        return this.#answer(request, from, connection);
      },
    );
    void this.#connections.listens(server.addr);
    return server;
  }

  /** Strangers reach a port with TLS only, which they can hold for good from the start. */
  #watch(): void {
    if (this.#isClosed) return;
    const bytesMax = watchBytesFactor * this.#options.messageBytesMax;
    this.#watcher ??= Watcher.start({ ...this.#options, port: this.#port, bytesMax });
  }

  async #answer(request: Request, from: string, connection: Connection): Promise<Response> {
    const { answer } = this.#options;
    const decision = this.#pipelines.begin(from, request.headers.has("host"));
    if (decision === "refuse") {
      connection.linger();
      return lastAnswer();
    }
    let mustWait = false;
    try {
      if (decision === "wait") await new Promise<void>(giveWay);
      const response = await answer(request, from, connection);
      mustWait = response.status === 429 || response.status === 503;
      // The answer to an upgrade is made by the runtime.
      if (decision === "last" && response.status !== 101) {
        response.headers.set("connection", "close");
      }
      return response;
    } finally {
      this.#pipelines.end(from, mustWait);
    }
  }

  /** Listens again if the runtime stops listening. */
  #guard(): void {
    const server = this.#server;
    server.finished.catch((error) => {
      if (this.#isClosed || server !== this.#server) return;
      this.#tellShortage(error);
      this.#connections.endLingering();
      this.#leave(server);
      void this.#listenAgain(server);
    });
  }

  /** It may happen again at each connection, as long as callers hold all handles. */
  #tellShortage(error: unknown): void {
    const { clock, log } = this.#options;
    if (clock.now() < this.#tellShortageAtMs) return;
    this.#tellShortageAtMs = clock.now() + gatewayShortageToldMs;
    log.warn("Cannot take connections: closing those without a request", {
      reason: messageOf(error),
      remedy: "ulimit -n",
    });
  }

  async #listenAgain(failed: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
    while (!this.#isClosed && this.#server === failed) {
      try {
        this.#server = this.#serve(this.#port, this.#pair);
        this.#guard();
      } catch {
        // The handles are not free yet.
        await sleep(this.#options.clock, rebindPeriodMs);
      }
    }
  }

  /** Stops a listener, closes its idle connections, and lets requests end. */
  #leave(server: Deno.HttpServer<Deno.NetAddr>): void {
    this.#left.add(server);
    void server.shutdown().catch(() => {}).finally(() => this.#left.delete(server));
  }

  /** Takes over a new certificate. One that cannot be used changes nothing. */
  async #look(): Promise<void> {
    const { tls, log } = this.#options;
    if (tls === undefined || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const pair = await readTlsFiles(tls);
      if (pair.cert === this.#seen?.cert && pair.key === this.#seen.key) return;
      this.#seen = pair;
      assertTlsPair(pair, tls);
      await this.#replace(pair);
      this.#trouble = undefined;
    } catch (error) {
      if (isOutOfHandles(error)) this.#seen = this.#pair;
      const reason = messageOf(error);
      if (reason !== this.#trouble) log.warn("Cannot load the new certificate", { reason });
      this.#trouble = reason;
    } finally {
      this.#isLooking = false;
    }
  }

  async #replace(pair: TlsPair): Promise<void> {
    const { clock, log } = this.#options;
    // Tried on another port first, so that the listener is not stopped for a bad certificate.
    await this.#serveBriefly(pair);
    if (this.#isClosed) return;
    this.#leave(this.#server);
    const untilMs = clock.now() + rebindMs;
    while (!this.#isClosed) {
      const use = clock.now() < untilMs ? pair : this.#pair;
      try {
        this.#server = this.#serve(this.#port, use);
        // The former one, where the port is free too late for the new one: tried at the next look.
        this.#pair = this.#seen = use;
        this.#guard();
        break;
      } catch (error) {
        if (clock.now() > untilMs + rebindMs) throw error;
        await sleep(clock, rebindPeriodMs);
      }
    }
    if (this.#pair !== pair) return;
    log.info("Loaded the new certificate");
    this.#tellDates();
  }

  /** Nothing renews it here, and callers do not say why they hang up. */
  #tellDates(): void {
    const { tls, clock, log } = this.#options;
    if (tls === undefined || this.#pair === undefined) return;
    const fault = datesFault(this.#pair, clock.wallTimeMs());
    if (fault !== undefined) {
      log.warn(`Callers refuse the certificate in ${tls.certPath}: ${fault}`);
    }
  }

  /** @throws the certificate or the key is invalid, or the two do not match */
  async #serveBriefly(pair: TlsPair): Promise<void> {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {}, ...pair };
    await Deno.serve(options, () => new Response()).shutdown();
  }
}
