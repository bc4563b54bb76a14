import { checkNumber } from "../../base/checks.ts";
import { type Clock, orAborted, type Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { callTimeoutMsMax, messageMaxDefault } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { matcherOf } from "../../base/names/patterns.ts";
import type { Tracer } from "../../base/tracer.ts";
import { version } from "../../base/version.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import type { Announcement, Discovery } from "../../discovery/discovery.ts";
import { announceable } from "../../discovery/instance_json.ts";
import { hasAuthority } from "../../keys/files.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import { builtin } from "../../procedures/builtin.ts";
import type { Audit } from "../../server/audit.ts";
import type { Listener } from "../../server/listener.ts";
import { type DrainOptions, RpcServer, type RpcServerOptions } from "../../server/server.ts";
import type { Stats } from "../../wire/reports/stats.ts";
import type { Pool } from "../../workers/pool/pool.ts";
import { advertisedAddress, isForNobodyElse, isLoopback } from "./advertise.ts";
import { guardExposure, warnOfExposure } from "./exposure.ts";
import { keepRenewed, watchExpiry } from "./key_watch.ts";
import { arePipesCounted, workersBeside } from "./pipe_threads.ts";
import { OverrideTaker, overrideText } from "../../discovery/override_taker.ts";
import { type PoolOptions, startPool } from "./start_pool.ts";

/** What a {@link RunningServer} is made of. */
export interface RunningServerOptions extends PoolOptions {
  /** The address and the port to listen on; port 0 takes any free one. */
  readonly listen: HostPort;
  /** Where it is announced. The server closes it. */
  readonly discovery: Discovery;
  readonly service: string;
  /** Connections held; more are answered Overloaded and closed. @default connectionsMaxDefault */
  readonly connectionsMax?: number;
  /** Longest deadline that a call is given. @default callTimeoutMaxMsDefault */
  readonly callTimeoutMaxMs?: number | undefined;
  /** `host`, `host:port` or `[v6]:port`: the address for clients. @default the one listened on */
  readonly advertise?: string | undefined;
  readonly weight: number;
  readonly zone: string;
  /**
   * This machine's keys, with which callers must be members of their cluster. @default none:
   * anybody
   */
  readonly keys?: KeyRing | undefined;
  /** Whether user's code may be open to a network, by its own word. @default false */
  readonly insecure?: boolean | undefined;
  /** What only who can read its file in the local registry knows, and must say. @default nothing */
  readonly secret?: string | undefined;
  /** Where calls are written down. @default nowhere */
  readonly audit?: Audit | undefined;
  /** Patterns of the names of those who may call, of the members. @default all */
  readonly callers?: readonly string[] | undefined;
  /** Makes a span of each call. @default none */
  readonly tracer?: Tracer | undefined;
}

/**
 * How long a start waits for the registry: a server that it does not know yet can serve all the
 * same.
 */
const registrationWaitMs = 5_000;

/**
 * A server as a whole: workers that run procedures, a listener, an announcement. They start in this
 * order, so that whoever finds the server can call it, and end in the other.
 */
export class RunningServer implements AsyncDisposable {
  readonly #options: RunningServerOptions;
  readonly #server: RpcServer;
  readonly #announcement: Announcement;
  readonly #inTrouble = Promise.withResolvers<void>();
  readonly #keyTimers: Timer[] = [];
  readonly #closing = new AbortController();
  /** `host:port`, as clients find it. */
  readonly address: string;
  #pool: Pool;
  /** Pools that finish what they have, after a {@link reload}. */
  readonly #leaving = new Set<Pool>();
  /** The pools before this one are gone, and it has all its workers. */
  #left: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(
    options: RunningServerOptions,
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
    this.address = addressOf(address);
    const { keys, clock, log } = options;
    if (keys !== undefined) {
      const { discovery, service } = options;
      const place = { discovery, service, clock, signal: this.#closing.signal };
      this.#keyTimers.push(
        watchExpiry(keys, clock, log),
        keepRenewed(keys, async () => (await import("./renew.ts")).renew(keys, place), clock, log),
      );
    }
    this.#announcement = this.#announce(address);
    overrides.begin(this.#announcement);
  }

  /**
   * Starts the workers, listens, registers, and resolves when the registry lists the server, or
   * will not for now.
   *
   * @throws {RpcError} InvalidParams: there is no address to announce, or it is the user's own code
   * that would be open to a network
   * @throws {Error} a worker does not start, or the address cannot be listened on; nothing is left
   * behind but the registry; or the signal's reason, when it aborts before the server takes calls
   */
  static async start(options: RunningServerOptions): Promise<RunningServer> {
    const exposure = { ...options, hasKeys: options.keys !== undefined };
    guardExposure(exposure);
    const pool = await startPool(options);
    let server: RpcServer | undefined;
    let running: RunningServer | undefined;
    try {
      const overrides = new OverrideTaker(options.log);
      server = await listen(options, pool, overrides);
      warnOfExposure(exposure, options.log);
      const address = advertised(options, server.address.port);
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

  /** What it is doing, and has done. */
  stats(): Stats {
    return this.#server.stats();
  }

  /**
   * Replaces the workers by new ones, which load their code anew, and resolves when these take the
   * calls. The old ones finish those that they have, and end. If the new ones do not start, the old
   * ones stay.
   *
   * @param signal gives the new ones up, unless they take the calls already
   * @throws {Error} why the new ones do not start, or the signal's reason
   */
  async reload(signal?: AbortSignal): Promise<void> {
    // A third set is not reckoned with where pipes are counted.
    if (arePipesCounted(this.#options)) await orAborted(this.#left, signal);
    const startWith = workersBeside(this.#options);
    const fresh = await startPool({ ...this.#options, startWith, signal });
    if (this.#isClosed || signal?.aborted) return await fresh.close();
    const old = this.#pool;
    this.#pool = fresh;
    this.#server.usePool(fresh);
    this.#leaving.add(old);
    const left = old.finish().then(() => old.close()).finally(() => this.#leaving.delete(old));
    // Where all of them would not have fitted beside the old ones.
    this.#left = left.then(() => fresh.grow());
  }

  /** Leaves the registry, tells the clients, finishes what runs, and closes. */
  async drain(options: DrainOptions): Promise<void> {
    for (const name of ["graceMs", "timeoutMs"] as const) {
      checkNumber(options[name], { name, bounds: [0, callTimeoutMsMax] });
    }
    await this.#announcement.withdraw();
    await this.#server.drain(options);
    await this.close();
  }

  /** Ends at once: calls under way are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    for (const timer of this.#keyTimers) timer.cancel();
    await this.#announcement.withdraw();
    await this.#server.close();
    await Promise.all([this.#pool, ...this.#leaving].map((pool) => pool.close()));
    await this.#options.discovery.close();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #announce(address: HostPort): Announcement {
    const { discovery, listen, service, keys, secret, weight, zone, clock, log } = this.#options;
    const { messageMax = messageMaxDefault } = this.#options;
    const instance = announceable({
      id: crypto.randomUUID(),
      service,
      ...address,
      ...(keys === undefined ? {} : { cluster: keys.current().cluster }),
      ...(secret === undefined ? {} : { secret }),
      weight,
      zone,
      // Nothing to tell where it is what all take.
      ...(messageMax === messageMaxDefault ? {} : { messageMax }),
      version,
      methods: Object.keys(this.stats().methods),
      startedAtMs: clock.wallTimeMs(),
    });
    return discovery.announce(instance, {
      keepsOverride: listen.port !== 0,
      overridden: (override) =>
        log.warn(
          `An operator has changed the share of ${addressOf(address)}: ${overrideText(override)} ` +
            "(rpc servers tells and changes it)",
        ),
      trouble: (error) => {
        // Later than this function returns, as everything that a registry says.
        const state = this.#announcement.isRegistered
          ? "Registered still, though the registry is out of reach"
          : "Not registered, trying again";
        log.warn(`${state}: ${error.message}`);
        this.#inTrouble.resolve();
      },
    });
  }

  async #registered(): Promise<void> {
    const { clock, log } = this.#options;
    const announcement = this.#announcement;
    await soon(clock, Promise.race([announcement.registered, this.#inTrouble.promise]));
    if (announcement.isRegistered) return;
    log.warn("Serving, though the registry does not list this server yet");
    void announcement.registered.then(() => {
      if (announcement.isRegistered) log.info("Registered");
    });
  }
}

/** Resolves when `promise` does, or after the longest wait for the registry. */
async function soon(clock: Clock, promise: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = clock.after(registrationWaitMs, late.resolve);
  await Promise.race([promise, late.promise]);
  timer.cancel();
}

async function listen(
  options: RunningServerOptions,
  pool: Pool,
  overrides: OverrideTaker,
): Promise<RpcServer> {
  const { listen: { host, port }, connectionsMax, service, keys, callers, clock, log, tracer } =
    options;
  try {
    return RpcServer.listen({
      host,
      port,
      procedures: options.builtin ? builtin : {},
      override: overrides.take,
      pool,
      service,
      version,
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      messageMax: options.messageMax,
      callTimeoutMaxMs: options.callTimeoutMaxMs,
      clock,
      log,
      tracer,
      secret: options.secret,
      audit: options.audit,
      ...(keys === undefined ? {} : {
        listener: await listenWith(keys, options),
        name: keys.current().own.name,
        renew: hasAuthority(keys.directory) ? renewerOf(keys, clock) : undefined,
      }),
      ...(callers === undefined ? {} : { isWelcome: matcherOf(callers) }),
    });
  } catch (error) {
    const reason = listenProblem(causeOf(error), host);
    throw new Error(`Cannot listen on ${addressOf({ host, port })}: ${reason}`, { cause: error });
  }
}

/**
 * Renews callers' certificates, where the cluster was made. What does so is loaded when one asks.
 */
function renewerOf(keys: KeyRing, clock: Clock): RpcServerOptions["renew"] {
  return async (caller, request) => {
    const { renewMember } = await import("../../keys/renewal.ts");
    return await renewMember(keys.directory, caller, request, clock.wallTimeMs());
  };
}

/** Loads TLS, which nobody without keys waits for. */
async function listenWith(
  keys: KeyRing,
  { listen: { host, port }, clock, log }: RunningServerOptions,
): Promise<Listener> {
  const { listenTls } = await import("../../server/tls_listener.ts");
  return await listenTls({ host, port, keys, clock, log });
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

function listenProblem(error: unknown, host: string): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "the port is in use; choose another one, or 0 for any that is free";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address; 0.0.0.0 listens on all that it has";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "ports below 1024 need more rights; choose one above";
  }
  const message = messageOf(error);
  if (!message.includes("lookup address")) return message;
  return `${JSON.stringify(host)} is neither an address nor a known name; ` +
    "0.0.0.0 listens on all that this machine has";
}

function advertised(options: RunningServerOptions, port: number): HostPort {
  const { listen: { host }, advertise, discovery, log } = options;
  const isLocal = discovery.url.startsWith("local:");
  const address = advertisedAddress({
    listening: { host, port },
    advertise,
    isLocal,
    interfaces: Deno.networkInterfaces,
  });
  if (isLocal && !isLoopback(host)) warnOfLocal(discovery, address, log);
  if (isForNobodyElse(address, discovery.url)) {
    log.warn(
      `Only this machine can connect to ${addressOf(address)}, and that is what clients anywhere ` +
        "are told: listen on an address of your network, or name one with --advertise",
    );
  }
  return address;
}

function warnOfLocal(discovery: Discovery, address: HostPort, log: Logger): void {
  log.warn(
    `Other machines will not find this server: the registry ${discovery.url} is for one machine. ` +
      "Use --registry zookeeper://host:2181, or have them call with --registry " +
      `static:${addressOf(address)}`,
  );
}
