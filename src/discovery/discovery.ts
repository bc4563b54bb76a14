/** The interface of a registry, where instances are announced and found, and its values. */

import type { HostPort } from "../base/names/host_port.ts";
import type { RpcError } from "../base/errors.ts";

/** What an operator has changed of a server since it was started. */
export interface Override {
  /** Whether it gets no new calls while there is another server. */
  readonly drained: boolean;
  /** @default the weight that it was started with */
  readonly weight?: number | undefined;
}

/** A change of an override: absent members stay as they are. */
export type OverrideChange = Partial<Override>;

/** One running server as the registry knows it. */
export interface Instance {
  /** A UUID, new for each start of a server, and for each address that its machine gets. */
  readonly id: string;
  /** The service that it is part of. */
  readonly service: string;
  /**
   * The address that clients connect to: a host name, or an IPv4 or IPv6 address without brackets.
   */
  readonly host: string;
  readonly port: number;
  /**
   * The cluster whose keys its callers need, or {@link anyCluster} if the registry cannot tell.
   * Absent: it needs no keys.
   */
  readonly cluster?: string | undefined;
  /** The secret of a server that serves only its own user. It is never shown. */
  readonly secret?: string | undefined;
  /** Its share of the calls, relative to others' weights. @default 1 */
  readonly weight: number;
  /** Whether an operator keeps new calls from it; its weight is 0 meanwhile. @default false */
  readonly drained?: boolean | undefined;
  /** Its zone: clients of the same zone prefer it. Empty if it has none. */
  readonly zone: string;
  /** Longest message that it takes, in bytes. Absent: it tells after connecting. */
  readonly messageMax?: number | undefined;
  /** The program's version. Empty if unknown, as for other programs' servers. */
  readonly version: string;
  /** The methods that it offers. Empty if unknown. */
  readonly methods: readonly string[];
  /** When it started, in milliseconds since 1970 UTC. */
  readonly startedAtMs: number;
}

/**
 * In place of a cluster's name: the registry does not know whether keys are needed, so the client
 * uses its own if it has any.
 */
export const anyCluster = "*";

/** Everything that is announced under a service at one moment. */
export interface Snapshot {
  /** At most one per `host:port`, sorted by it. */
  readonly instances: readonly Instance[];
  /**
   * Whether the registry could not be asked, and this is its last list, maybe from another process.
   * Good enough to connect by, but not to remove servers by.
   */
  readonly stale: boolean;
}

/**
 * The difference between a watch's list and the one before, so that a client with thousands of
 * connections need not go through all of them when one server comes.
 */
export interface Change {
  /** Instances whose address is new in the list, or that have changed. */
  readonly listed: readonly Instance[];
  /** Instances whose address has left the list. None if the list is {@link Snapshot.stale}. */
  readonly unlisted: readonly Instance[];
}

/** Receives what a watch finds. No method may throw. */
export interface Watcher {
  /**
   * The whole list, when it is first known and after each change, and its difference from the list
   * before, which at first is all of it.
   */
  snapshot(snapshot: Snapshot, change: Change): void;
  /**
   * The registry cannot be reached or read. The watch goes on trying, and the last snapshot remains
   * valid. The message says what is wrong and what to do, for callers that have no snapshot yet.
   */
  trouble(error: RpcError): void;
}

/** A watch under way. */
export interface Watch {
  /** Stops it. The watcher is not called again. */
  close(): void;
}

/** An announcement under way. */
export interface Announcement {
  /**
   * Resolves when the registry has accepted the instance for the first time, or when it is
   * withdrawn before. While the registry cannot be reached it keeps trying. Never rejects.
   */
  readonly registered: Promise<void>;
  /** Whether the registry is known to list the instance now. */
  readonly isRegistered: boolean;
  /**
   * Changes the override, and resolves with the new one. The registry stores it for the address,
   * and applies it to the next server there: see {@link AnnounceOptions.keepsOverride}.
   *
   * @throws {Error} why the registry refuses; nothing has changed then
   */
  override(change: OverrideChange): Promise<Override>;
  /** Takes the instance out of the registry. Bounded in time; never rejects. */
  withdraw(): Promise<void>;
}

/** Hooks of one announcement. */
export interface AnnounceOptions {
  /** Called once in each outage of the registry. The announcement goes on trying. */
  readonly trouble?: (error: RpcError) => void;
  /** Called when the registry lists the instance after such trouble. */
  readonly recovered?: () => void;
  /**
   * Whether overrides are stored for the address, because this server will have it again. A port
   * that the system chose may belong to another server next time. @default false
   */
  readonly keepsOverride?: boolean;
  /** Called if a stored override was applied. */
  readonly overridden?: (override: Override) => void;
}

/** Where instances are found: the part of a registry that a client needs. */
export interface InstanceSource {
  /**
   * The registry as the user writes it, in its full form, for example `zookeeper://10.0.0.1:2181`.
   */
  readonly url: string;
  /** The registry's directory and owner, if the URL does not tell, for error messages. */
  readonly place?: string | undefined;
  /** Watches a service. The watcher is called later, never before `watch` returns. */
  watch(service: string, watcher: Watcher): Watch;
}

/** The message if a service has no server. */
export function noServerText(service: string, source: InstanceSource): string {
  return `No server of service "${service}" is registered in the registry ${placeText(source)}; ` +
    startText(source.url, service);
}

/** How to start a server that the clients of a registry reach. */
export function startText(registryUrl: string, service = "rpc"): string {
  const address = isOfOtherMachines(registryUrl) ? "0.0.0.0 6666" : "127.0.0.1 0";
  return `start one: rpc serve ${address}${service === "rpc" ? "" : ` --service ${service}`}`;
}

/** Whether a registry is on a network, so that its servers and clients may be on any machine. */
export function isOfOtherMachines(registryUrl: string): boolean {
  return /^zookeepers?:\/\/(?!(?:[^@/]*@)?(?:127\.|localhost\b|\[::1\]))/.test(registryUrl);
}

/** The registry's URL, and its place if it has one, for that message. */
export function placeText({ url, place }: InstanceSource): string {
  return place === undefined ? url : `${url} (${place})`;
}

/** What the registry showed of one of the cluster's certificates, when it was last connected to. */
export interface RegistryCertificate {
  /** The server that showed it. */
  readonly member: HostPort;
  /** When it expires, in milliseconds since 1970 UTC. */
  readonly validToMs: number;
}

/** A registry. Implementations: `local`, `static`, `zookeeper`; one suite of tests for all. */
export interface Discovery extends InstanceSource {
  /**
   * Announces an instance and keeps it announced until withdrawn: it is announced again after an
   * expiry, a wipe or a restart of the registry.
   */
  announce(instance: Instance, options?: AnnounceOptions): Announcement;
  /**
   * Starts connecting, ahead of an announcement, which is told of any failure. Absent: there is
   * nothing to connect to.
   */
  prepare?(): void;
  /**
   * Starts connecting, ahead of a watch, which is told of any failure. Resolves when the registry
   * was asked for a session, or cannot be: until it answers, this process has time for other work.
   * Absent: there is nothing to connect to.
   */
  reach?(): Promise<void>;
  /**
   * The names of all services that an instance was ever announced under, sorted. Some may have no
   * instance any more.
   *
   * @throws {RpcError} Unavailable: the registry cannot be asked, or does not know
   */
  services(): Promise<readonly string[]>;
  /**
   * The registry's clock, in milliseconds since 1970 UTC, or `undefined` if it does not tell.
   * Absent: its clock is this machine's.
   */
  wallTimeMs?(): Promise<number | undefined>;
  /** The certificate by which the registry is known. Absent or `undefined`: there is none. */
  certificate?(): RegistryCertificate | undefined;
  /**
   * Whether a process may end without closing its watches because they leave nothing behind. With
   * ZooKeeper they leave a session. Absent: they leave something behind.
   */
  readonly watchesEndWithProcess?: boolean;
  /** Ends all watches, withdraws all announcements, and frees all resources. Idempotent. */
  close(): Promise<void>;
}
