import { checkNumber } from "../../base/checks.ts";
import { type Clock, orAborted, type Timer } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { callTimeoutMsMax, messageMaxDefault } from "../../base/limits.ts";
import { version } from "../../base/version.ts";
import { addressOf, addressToListen, type HostPort } from "../../base/names/host_port.ts";
import type { Announcement, Discovery } from "../../discovery/discovery.ts";
import { announceable } from "../../discovery/instance_json.ts";
import type { DrainOptions, RpcServer } from "../../server/server.ts";
import type { Stats } from "../../wire/reports/stats.ts";
import type { Pool } from "../../workers/pool/pool.ts";
import { announcedAddress, isLoopback, isOfNetwork, type OwnAddress } from "./advertise.ts";
import { guardExposure, warnOfExposure } from "./exposure.ts";
import { assertCanListen, listen, type ListenOptions } from "./listen.ts";
import { followAddress } from "./moved_address.ts";
import { tendKeys } from "./key_watch.ts";
import { arePipesCounted, workersBeside, workersByDefault } from "./pipe_threads.ts";
import { OverrideTaker, overrideText } from "../../discovery/override_taker.ts";
import { type PoolOptions, startPool } from "./start_pool.ts";

/** Options of a {@link RunningServer}. */
export interface RunningServerOptions extends Omit<PoolOptions, "workers">, ListenOptions {
  /** Worker processes of each kind. @default one for each core, or as many as fit */
  readonly workers?: number | undefined;
  /** The registry. The server closes it. */
  readonly discovery: Discovery;
  /** `host`, `host:port` or `[v6]:port`: the address for clients. @default the one listened on */
  readonly advertise?: string | undefined;
  /** The machine's own addresses. @default `Deno.networkInterfaces` */
  readonly interfaces?: (() => readonly OwnAddress[]) | undefined;
  readonly weight: number;
  readonly zone: string;
  /** Whether the user's code may be open to a network. @default false */
  readonly insecure?: boolean | undefined;
}

/** How long a start waits for the registry. The server works even if it is not registered yet. */
const registrationWaitMs = 5_000;

/**
 * A server as a whole: workers that run procedures, a listener, an announcement. They start in this
 * order, so that a server that can be found can be called, and end in the reverse order.
 */
export class RunningServer implements AsyncDisposable {
  readonly #options: RunningServerOptions & PoolOptions;
  readonly #server: RpcServer;
  readonly #overrides: OverrideTaker;
  #announcement: Announcement;
  readonly #inTrouble = Promise.withResolvers<void>();
  #hadTrouble = false;
  readonly #closing = new AbortController();
  #address: HostPort;
  readonly #startedAtMs: number;
  /** Looks whether this machine still has the address that was chosen for it. */
  readonly #following: Timer | undefined;
  /** Resolves when all but the current announcement are withdrawn. */
  #moved: Promise<void> = Promise.resolve();
  #pool: Pool;
  /** Former pools that finish their calls after a {@link reload}. */
  readonly #leaving = new Set<Pool>();
  /** Resolves when the former pools are gone, and the current one has all its workers. */
  #left: Promise<void> = Promise.resolve();
  #isClosed = false;
  /** Looks after its keys, if it has any. */
  readonly #tending: Timer | undefined;

  private constructor(
    options: RunningServerOptions & PoolOptions,
    parts: {
      readonly pool: Pool;
      readonly server: RpcServer;
      readonly address: HostPort;
      readonly overrides: OverrideTaker;
    },
  ) {
    const { pool, server, address, overrides } = parts;
    this.#options = options;
    this.#pool = pool;
    this.#server = server;
    this.#address = address;
    this.#startedAtMs = options.clock.wallTimeMs();
    this.#overrides = overrides;
    this.#announcement = this.#announce(address);
    overrides.begin(this.#announcement);
    // Not before: one that cannot be announced is not closed either.
    const { keys, clock, log, discovery, service, listen, advertise, interfaces } = options;
    const { host } = address;
    if (advertise === undefined && isOfNetwork(discovery.url)) {
      const moved = (now: string) => {
        if (host !== listen.host) this.#move({ ...address, host: now });
        else if (now !== host) log.warn(leftBehindText(host, now));
      };
      this.#following = followAddress({ host, interfaces, clock, moved });
    }
    if (keys === undefined) return;
    const place = { discovery, service, clock, signal: this.#closing.signal };
    const connected = this.#announcement.registered;
    // Clients use no server that is announced as one of another cluster.
    const joined = () => this.#announceAnew(this.#address);
    this.#tending = tendKeys({ keys, place, log, connected, joined });
  }

  /**
   * Starts the workers, listens, registers, and resolves when the registry lists the server, or
   * cannot be reached for now.
   *
   * @throws {RpcError} InvalidParams: there is no address to announce, or the user's code would be
   * open to a network
   * @throws {Error} a worker does not start, or the address cannot be listened on; or the signal's
   * reason, if it aborts before the server takes calls. Only the registry stays open then
   */
  static async start(given: RunningServerOptions): Promise<RunningServer> {
    const { host, port } = given.listen;
    const options = {
      ...given,
      listen: { host: addressToListen(host), port },
      workers: given.workers ?? workersByDefault(given),
    };
    checkKept(options);
    const exposure = { ...options, hasKeys: options.keys !== undefined };
    guardExposure(exposure);
    assertCanListen(options);
    options.discovery.prepare?.();
    const pool = await startPool(options);
    let server: RpcServer | undefined;
    let running: RunningServer | undefined;
    try {
      const overrides = new OverrideTaker(options.log);
      server = await listen(options, pool, overrides.take);
      warnOfExposure(exposure, options.log);
      const { listen: { host }, discovery: { url } } = options;
      const listening = { host, port: server.address.port };
      const address = announcedAddress({ ...options, listening, registryUrl: url });
      running = new RunningServer(options, { pool, server, address, overrides });
      await orAborted(running.#registered(), options.signal);
      return running;
    } catch (error) {
      if (running !== undefined) await running.close();
      await server?.close();
      await pool.close();
      throw error;
    }
  }

  /** `host:port`, as it is announced to clients. */
  get address(): string {
    return addressOf(this.#address);
  }

  /** The registry's URL in its full form. */
  get registry(): string {
    return this.#options.discovery.url;
  }

  /** Whether the registry is known to list it. */
  get isRegistered(): boolean {
    return this.#announcement.isRegistered;
  }

  /** Whether anybody who reaches its address may call. */
  get isOpen(): boolean {
    const { keys, listen } = this.#options;
    return keys === undefined && !isLoopback(listen.host);
  }

  /** When its keys end, in milliseconds since 1970 UTC; `undefined` without keys. */
  get keysEndAtMs(): number | undefined {
    return this.#options.keys?.current().own.validToMs;
  }

  /** When the registry's certificate ends, in milliseconds since 1970 UTC, if it has shown one. */
  get registryKeysEndAtMs(): number | undefined {
    return this.#options.discovery.certificate?.()?.validToMs;
  }

  /** Its state and its counters. */
  stats(): Stats {
    return this.#server.stats();
  }

  /**
   * Replaces the workers by new ones, which load their code anew, and resolves when these take the
   * calls. The old ones finish their calls, and end. If the new ones do not start, the old ones
   * stay.
   *
   * @param signal cancels the reload, unless the new workers take the calls already
   * @throws {Error} why the new ones do not start, or the signal's reason
   */
  async reload(signal?: AbortSignal): Promise<void> {
    // There is no room for a third set of workers if pipes are bounded.
    if (arePipesCounted(this.#options)) await orAborted(this.#left, signal);
    const startWith = workersBeside(this.#options);
    // As many as are busy now must be replaced, even if fewer are kept when idle.
    const { busy, queued } = this.#pool.stats();
    const startAll = busy + queued > 0;
    const fresh = await startPool({ ...this.#options, startWith, startAll, signal });
    if (this.#isClosed || signal?.aborted) return await fresh.close();
    const old = this.#pool;
    this.#pool = fresh;
    this.#server.usePool(fresh);
    this.#leaving.add(old);
    const left = old.finish().then(() => old.close()).finally(() => this.#leaving.delete(old));
    // The remaining ones, which did not fit next to the old ones.
    this.#left = left.then(() => fresh.grow());
  }

  /** Leaves the registry, tells the clients, finishes what runs, and closes. */
  async drain(options: DrainOptions): Promise<void> {
    for (const name of ["graceMs", "timeoutMs"] as const) {
      checkNumber(options[name], { name, bounds: [0, callTimeoutMsMax] });
    }
    await this.#withdraw();
    await this.#server.drain(options);
    await this.close();
  }

  /** Ends at once: calls under way are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    await this.#withdraw();
    await this.#server.close();
    await Promise.all([this.#pool, ...this.#leaving].map((pool) => pool.close()));
    await this.#options.discovery.close();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #withdraw(): Promise<void> {
    this.#following?.cancel();
    this.#tending?.cancel();
    await Promise.all([this.#announcement.withdraw(), this.#moved]);
  }

  /** Announces it at another address. What an operator has set stays with the former one. */
  #move(address: HostPort): void {
    const [from, to] = [this.address, addressOf(address)];
    this.#options.log.warn("The address of this machine has changed: announced anew", { from, to });
    this.#address = address;
    this.#announceAnew(address);
  }

  #announceAnew(address: HostPort): void {
    const former = this.#announcement;
    this.#announcement = this.#announce(address);
    this.#overrides.begin(this.#announcement);
    this.#moved = Promise.all([this.#moved, former.withdraw()]).then(() => {});
  }

  #announce(address: HostPort): Announcement {
    const { discovery, listen, service, keys, secret, weight, zone, log } = this.#options;
    const { messageMax = messageMaxDefault } = this.#options;
    const instance = announceable({
      id: crypto.randomUUID(),
      service,
      ...address,
      ...(keys === undefined ? {} : { cluster: keys.current().cluster }),
      ...(secret === undefined ? {} : { secret }),
      weight,
      zone,
      // The default need not be announced.
      ...(messageMax === messageMaxDefault ? {} : { messageMax }),
      version,
      methods: Object.keys(this.stats().methods),
      startedAtMs: this.#startedAtMs,
    });
    return discovery.announce(instance, {
      keepsOverride: listen.port !== 0,
      overridden: (override) =>
        log.warn(
          `An operator has changed the share of ${addressOf(address)}: ${overrideText(override)} ` +
            "(rpc servers tells and changes it)",
        ),
      trouble: (error) => {
        // Later than this function returns, as for all events of a registry.
        const state = this.#announcement.isRegistered
          ? "Registered still, though the registry is out of reach"
          : "Not registered, trying again";
        log.warn(`${state}: ${error.message}`);
        this.#hadTrouble = true;
        this.#inTrouble.resolve();
      },
      recovered: () => log.warn("Registered: the registry works again"),
    });
  }

  async #registered(): Promise<void> {
    const { clock, log } = this.#options;
    const announcement = this.#announcement;
    await soon(clock, Promise.race([announcement.registered, this.#inTrouble.promise]));
    if (announcement.isRegistered) return;
    log.warn("Serving, though the registry does not list this server yet");
    void announcement.registered.then(() => {
      // After trouble, its end is logged.
      if (announcement.isRegistered && !this.#hadTrouble) log.info("Registered");
    });
  }
}

/** What is said of a server that listens on an address alone that its machine has no longer. */
function leftBehindText(host: string, now: string): string {
  return `This machine has the address ${now} in place of ${host}, where nobody reaches this ` +
    "server any more: start it again on that one, or on 0.0.0.0 to listen on whichever there is";
}

/** @throws {RpcError} InvalidParams: more workers are to be kept than there may be */
function checkKept({ workers, workersMin = 0 }: PoolOptions): void {
  if (workersMin <= workers) return;
  throw new RpcError(
    "InvalidParams",
    `Cannot keep ${workersMin} workers where there are at most ${workers}: --workers-min ` +
      "(workersMin) goes up to --workers (workers)",
  );
}

/** Resolves with `promise`, or after {@link registrationWaitMs}. */
async function soon(clock: Clock, promise: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = clock.after(registrationWaitMs, late.resolve);
  await Promise.race([promise, late.promise]);
  timer.cancel();
}
