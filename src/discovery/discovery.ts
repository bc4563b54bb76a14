/** Where instances are announced and found: the interface, and the values that cross it. */

import type { RpcError } from "../base/errors.ts";

/** What an operator wants of a server, beside what the server was started with. */
export interface Override {
  /** It is given no new calls while there is another server. */
  readonly drained: boolean;
  /** In place of the weight that it was started with. @default that one */
  readonly weight?: number | undefined;
}

/** What is to change: what it leaves out stays as it is. */
export type OverrideChange = Partial<Override>;

/** One running server as the registry knows it. */
export interface Instance {
  /** A UUID, new for each start of a server. */
  readonly id: string;
  /** The service that it is part of. */
  readonly service: string;
  /**
   * The address that clients connect to: a host name, or an IPv4 or IPv6 address without brackets.
   */
  readonly host: string;
  readonly port: number;
  /**
   * The cluster whose keys it wants from who calls, or {@link anyCluster} where the registry cannot
   * tell. Absent: it is open.
   */
  readonly cluster?: string | undefined;
  /** What a private server has left for its own user. It is shown to nobody. */
  readonly secret?: string | undefined;
  /** Its share relative to others'. @default 1 */
  readonly weight: number;
  /** An operator keeps new calls from it: its weight is 0 meanwhile. @default false */
  readonly drained?: boolean | undefined;
  /** Where it stands: clients of the same zone come to it first. Empty if nobody said. */
  readonly zone: string;
  /** Longest message that it takes, in bytes. Absent: it will say so when it is connected to. */
  readonly messageMax?: number | undefined;
  /** The program's version. Empty if unknown: somebody else's server. */
  readonly version: string;
  /** The methods that it offers. Empty if unknown. */
  readonly methods: readonly string[];
  /** When it started, in milliseconds since 1970 UTC. */
  readonly startedAtMs: number;
}

/**
 * Stands for a cluster where nobody has said which, or whether there is one: the client has its
 * own.
 */
export const anyCluster = "*";

/** Everything that is announced under a service at one moment. */
export interface Snapshot {
  /** At most one per `host:port`, sorted by it. */
  readonly instances: readonly Instance[];
  /**
   * `true`: the registry could not be asked, and this is what it said the last time, maybe in
   * another process. Good enough to try, not good enough to evict anybody by.
   */
  readonly stale: boolean;
}

/**
 * What is different in a list from the one before of the same watch: whoever has thousands of
 * connections does not go through all of them because one server came.
 */
export interface Change {
  /** Those whose address is new in the list, or of which it says something else than before. */
  readonly listed: readonly Instance[];
  /**
   * Those whose address is not in the list any more. None when the list is {@link Snapshot.stale}.
   */
  readonly unlisted: readonly Instance[];
}

/** Takes what a watch finds. No method may throw. */
export interface Watcher {
  /**
   * The list, whole, when it is first known and after each change; later ones replace earlier ones.
   * And what is different in it, which the first time is all of it.
   */
  snapshot(snapshot: Snapshot, change: Change): void;
  /**
   * The registry cannot be reached or read. The watch goes on by itself, and the last snapshot
   * stands; the message says what is wrong and what to do, for whoever has no snapshot at all.
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
   * Resolves when the registry has taken the instance for the first time; while the registry is out
   * of reach it waits, retrying, and never rejects. It resolves too when withdrawn before that.
   */
  readonly registered: Promise<void>;
  /** Whether the registry is known to list the instance now. */
  readonly isRegistered: boolean;
  /**
   * Announces the instance otherwise from now on, and resolves with all that then differs from what
   * it was started with. The registry keeps that for its address, and applies it to whoever is
   * announced there next, see {@link AnnounceOptions.keepsOverride}.
   *
   * @throws {Error} why the registry does not take it; then nothing has changed
   */
  override(change: OverrideChange): Promise<Override>;
  /** Takes the instance out of the registry. Bounded in time; never rejects. */
  withdraw(): Promise<void>;
}

/** Hooks of one announcement. */
export interface AnnounceOptions {
  /** The registry cannot be reached; the announcement goes on trying. Says so once per outage. */
  readonly trouble?: (error: RpcError) => void;
  /**
   * Whether the address is this server's beyond its life: what an operator wants of a port that was
   * any free one must not meet whoever is given it next. @default false
   */
  readonly keepsOverride?: boolean;
  /** It is announced otherwise than it was started, as an operator wanted before. */
  readonly overridden?: (override: Override) => void;
}

/** Where instances are found: all that a client wants of a registry. */
export interface InstanceSource {
  /**
   * The registry as the user writes it, in its full form, for example `zookeeper://10.0.0.1:2181`.
   */
  readonly url: string;
  /** Where that is and whose, if the URL does not say it: for whoever finds nothing there. */
  readonly place?: string | undefined;
  /** Watches a service. Calls back asynchronously, never from inside `watch` itself. */
  watch(service: string, watcher: Watcher): Watch;
}

/** What to tell whoever finds no server of a service. */
export function noServerText(service: string, source: InstanceSource): string {
  return `No server of service "${service}" is registered in the registry ${placeText(source)}; ` +
    "start one: rpc serve 127.0.0.1 0";
}

/** The registry as it is named to whoever finds nothing there. */
export function placeText({ url, place }: InstanceSource): string {
  return place === undefined ? url : `${url} (${place})`;
}

/** A registry. Implementations: `local`, `static`, `zookeeper`; one suite of tests for all. */
export interface Discovery extends InstanceSource {
  /**
   * Announces an instance and keeps it announced until withdrawn: after an expiry, a wipe or a
   * restart of the registry it is announced again with nobody's help.
   */
  announce(instance: Instance, options?: AnnounceOptions): Announcement;
  /**
   * Connects, while whoever will announce has other work to do. What goes wrong is told to the
   * announcement. Absent: there is nothing to connect to.
   */
  prepare?(): void;
  /**
   * The names of the services that anybody has been announced under, sorted; of some nobody may be
   * left.
   *
   * @throws {RpcError} Unavailable: the registry cannot be asked, or does not know
   */
  services(): Promise<readonly string[]>;
  /**
   * What time the registry has, in milliseconds since 1970 UTC, or `undefined` if it will not say.
   * Absent: it has no clock but this machine's.
   */
  wallTimeMs?(): Promise<number | undefined>;
  /** Ends watches and announcements (withdrawing these), and frees what is held. Idempotent. */
  close(): Promise<void>;
}
