import type { Clock } from "../../base/clock.ts";
import { connectionsMaxDefault } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf, type HostPort } from "../../base/names/host_port.ts";
import { connectionsWithin } from "../../base/system/handles.ts";
import { listenProblem } from "../../base/system/listen_problem.ts";
import { callerMatcherOf } from "../../base/names/patterns.ts";
import type { Tracer } from "../../base/tracer.ts";
import { version } from "../../base/version.ts";
import { hasAuthority } from "../../keys/files.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import { clusterName } from "../../keys/names.ts";
import { plainBuiltin } from "../../procedures/plain/plain_builtin.ts";
import type { Audit } from "../../server/audit.ts";
import type { Listener } from "../../server/listener.ts";
import { RpcServer, type RpcServerOptions } from "../../server/server.ts";
import type { Pool } from "../../workers/pool/pool.ts";
import { Renewals } from "./renewals.ts";
import type { PoolOptions } from "./start_pool.ts";

/** How a server listens, and who may call it. */
export interface ListenOptions
  extends Pick<PoolOptions, "builtin" | "messageMax" | "clock" | "log"> {
  /** The address and the port to listen on; port 0 means any free port. */
  readonly listen: HostPort;
  readonly service: string;
  /**
   * Most connections, if there are file handles for them; more are answered Overloaded and closed.
   *
   * @default connectionsMaxDefault
   */
  readonly connectionsMax?: number;
  /** Longest deadline that a call gets. @default callTimeoutMaxMsDefault */
  readonly callTimeoutMaxMs?: number | undefined;
  /**
   * This machine's keys: callers must be members of their cluster. @default none: anybody may call
   */
  readonly keys?: KeyRing | undefined;
  /** A secret that callers must know, from the server's file in the registry. @default none */
  readonly secret?: string | undefined;
  /** Takes each call that has ended. @default none */
  readonly audit?: Audit | undefined;
  /** Whether `rpc.tap` lets others listen to the calls. @default true */
  readonly tap?: boolean | undefined;
  /** Patterns of the names of members that may call. @default all */
  readonly callers?: readonly string[] | undefined;
  /** Makes a span for each call. @default none */
  readonly tracer?: Tracer | undefined;
}

/**
 * Finds out whether a later {@link listen} can succeed, before the user's code is loaded for it.
 * The port is free again afterwards: clients that connected to it now would wait for that code.
 *
 * @throws {Error} the address cannot be listened on, and what to do
 */
export function assertCanListen({ listen, keys }: Pick<ListenOptions, "listen" | "keys">): void {
  try {
    if (keys !== undefined) assertServes(keys);
    Deno.listen({ hostname: listen.host, port: listen.port, transport: "tcp" }).close();
  } catch (error) {
    throw cannotListen(listen, error);
  }
}

/**
 * Listens, and lets a pool run the calls.
 *
 * @param override answers `rpc.override`
 * @throws {Error} the address cannot be listened on, and what to do
 */
export async function listen(
  options: ListenOptions,
  pool: Pool,
  override: RpcServerOptions["override"],
): Promise<RpcServer> {
  const { listen: { host, port }, service, keys, callers, clock, log, tracer } = options;
  try {
    return RpcServer.listen({
      host,
      port,
      procedures: options.builtin ? plainBuiltin : {},
      override,
      pool,
      service,
      version,
      connectionsMax: connectionsFor(options.connectionsMax ?? connectionsMaxDefault, log),
      messageMax: options.messageMax,
      callTimeoutMaxMs: options.callTimeoutMaxMs,
      tap: options.tap,
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
      ...(callers === undefined ? {} : { isWelcome: callerMatcherOf(callers) }),
    });
  } catch (error) {
    throw cannotListen({ host, port }, error);
  }
}

/** How many connections it holds, which the log tells where the system makes them fewer. */
function connectionsFor(wanted: number, log: Logger): number {
  const connections = connectionsWithin(wanted);
  if (connections < wanted) {
    log.warn("Can hold fewer connections than wanted: this process has few file handles", {
      connections,
      wanted,
      remedy: "ulimit -n",
    });
  }
  return connections;
}

function cannotListen(place: HostPort, error: unknown): Error {
  const reason = listenProblem(causeOf(error), place);
  return new Error(`Cannot listen on ${addressOf(place)}: ${reason}`, { cause: error });
}

/** Renews callers' certificates, if the cluster was made here. */
function renewerOf(keys: KeyRing, clock: Clock): RpcServerOptions["renew"] {
  const renewals = new Renewals(keys.directory, clock);
  return (caller, request) => renewals.renew(caller, request);
}

/** Loads TLS, which a server without keys does not need. */
async function listenWith(
  keys: KeyRing,
  { listen: { host, port }, clock, log }: ListenOptions,
): Promise<Listener> {
  const { listenTls } = await import("../../server/tls_listener.ts");
  return await listenTls({ host, port, keys, socketsMax: connectionsWithin(Infinity), clock, log });
}

/** @throws {Error} no client would call a server with these keys */
function assertServes(keys: KeyRing): void {
  const { cluster, own: { name, rights, hosts } } = keys.current();
  if (!rights.serve) {
    throw new Error(
      `the keys of ${JSON.stringify(name)} are without the right serve, so no client would call ` +
        "it; an invitation gives rights: rpc keys invite --rights",
    );
  }
  const expected = clusterName(cluster);
  if (!hosts.includes(expected)) {
    throw new Error(
      `the certificate of ${JSON.stringify(name)} is without the name ${expected}, so no client ` +
        "would call it; rpc keys join makes another",
    );
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
