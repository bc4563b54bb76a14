/** The ZooKeeper client as its users see it. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { parseConnectString } from "./connect_string.ts";
import type { TlsOptions } from "./connection.ts";
import { isZooKeeperError, serverError, ZooKeeperError } from "./errors.ts";
import type { JuteReader } from "./jute.ts";
import { fromServerPath, prefixesOf, toServerPath } from "./paths.ts";
import * as protocol from "./protocol.ts";
import type { Acl, CreateMode, Stat } from "./protocol.ts";
import type { AuthInfo } from "./exchange.ts";
import { Session, type ZooKeeperState } from "./session.ts";
import type { Watcher } from "./watchers.ts";

/** How to reach an ensemble, and callbacks. */
export interface ZooKeeperOptions {
  /** `host[:port][,host[:port]...][/chroot]`. */
  readonly connectString: string;
  /** What to ask for; servers grant 2 to 20 of their ticks. @default 10_000 */
  readonly sessionTimeoutMs?: number;
  /** For one member, from opening the connection to its first answer. @default 3_000 */
  readonly connectTimeoutMs?: number;
  /** Sent before anything else on every connection. @default none */
  readonly auth?: readonly AuthInfo[];
  /** @default plain TCP */
  readonly tls?: TlsOptions;
  /** The longest answer to take; up to the servers' `jute.maxbuffer` makes sense. @default 4 MiB */
  readonly frameBytesMax?: number;
  /**
   * The longest request to send. A server drops the connection over one that is longer than its
   * `jute.maxbuffer`. @default 1,048,575, which is the servers' default
   */
  readonly requestBytesMax?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /**
   * Every change of state. After `expired` follow `connecting` and `connected` of a new session.
   */
  readonly onState?: (state: ZooKeeperState) => void;
  /** Called after each round in which no member could be reached; the message tells why. */
  readonly onConnectFailure?: (error: ZooKeeperError) => void;
}

/** How to create a node. */
export interface CreateOptions {
  /** @default "persistent" */
  readonly mode?: CreateMode;
  /** @default anyone may do anything */
  readonly acl?: readonly Acl[];
}

/** A request, and how to read what the server says to it. */
interface Call<Result> {
  /** As messages say it: `read /services`. */
  readonly action: string;
  readonly encode: (xid: number) => Uint8Array;
  readonly decode: (body: JuteReader) => Result;
  /** For calls where "there is no such node" is an answer and not an error. */
  readonly decodeNoNode?: () => Result;
}

const encoder = new TextEncoder();

/**
 * One session with a ZooKeeper ensemble, kept up for as long as the client lives.
 *
 * Operations wait while there is no connection. Those under way when a connection breaks fail with
 * CONNECTION_LOSS and may have been carried out; those of an expired session fail with
 * SESSION_EXPIRED. They carry no deadline of their own. Paths are relative to the chroot, and
 * events report them so too.
 *
 * A watcher gets exactly one event, since the server's watches are one-shot: what happened, even if
 * it happened between two connections, or `lost` if the session expired. It is registered if and
 * only if its read succeeds (`exists` of a missing node is a success), before any later event can
 * arrive.
 */
export class ZooKeeperClient {
  readonly #session: Session;
  readonly #chroot: string;
  readonly #requestBytesMax: number;
  /** Servers before ZooKeeper 3.5.3 have no container nodes, which their first refusal shows. */
  #parentMode: CreateMode = "container";
  /**
   * Whether the connection was lost while a container node was created. Other programs that speak
   * ZooKeeper's protocol refuse them by that alone: the second time in a row it is a refusal.
   */
  #hasLostContainer = false;
  /** Whether it has asked for any change, such as a node that ends with its session. */
  #hasWritten = false;

  /** Does nothing yet. @throws {ZooKeeperError} BAD_ARGUMENTS for a malformed connect string */
  constructor(options: ZooKeeperOptions) {
    const address = parseConnectString(options.connectString);
    this.#chroot = address.chroot;
    this.#requestBytesMax = options.requestBytesMax ?? 1_048_575;
    this.#session = new Session({
      address,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 10_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 3_000,
      auth: options.auth ?? [],
      tls: options.tls,
      frameBytesMax: options.frameBytesMax ?? 4 * 1024 * 1024,
      clock: options.clock,
      random: options.random,
      log: options.log,
      onState: options.onState ?? (() => {}),
      onConnectFailure: options.onConnectFailure ?? (() => {}),
    });
  }

  get state(): ZooKeeperState {
    return this.#session.state;
  }

  /** 0 while there is no session. A new session has a new id. */
  get sessionId(): bigint {
    return this.#session.id;
  }

  /** The timeout that the server granted, or the one asked for until it has. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
  }

  /**
   * Resolves when a member was asked for the session after {@link connect}, which has nothing to do
   * then until the answer comes, or no member could be reached, or {@link close} was called.
   */
  get sessionAsked(): Promise<void> {
    return this.#session.asked;
  }

  /**
   * Starts connecting, if need be, and resolves when connected. Rejects after `timeoutMs` with
   * OPERATION_TIMEOUT, which does not end the attempts: those go on until {@link close}. Rejects
   * with AUTH_FAILED if the servers refuse the credentials, and with CLOSED.
   */
  connect(timeoutMs: number): Promise<void> {
    return this.#session.connect(timeoutMs);
  }

  /** Creates a node and resolves with its path, which differs from `path` for sequential modes. */
  create(path: string, data: Uint8Array | string, options: CreateOptions = {}): Promise<string> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    this.#hasWritten = true;
    return this.#onPath("create", path, (action, serverPath) => ({
      action,
      encode: (xid) =>
        protocol.encodeCreate(
          xid,
          serverPath,
          bytes,
          options.mode ?? "persistent",
          options.acl ?? protocol.openAcl,
        ),
      decode: (body) => fromServerPath(this.#chroot, body.string()),
    }));
  }

  /**
   * Makes sure that a node and its parents exist, with those of the chroot. Missing ones become
   * container nodes, which servers delete some time after their last child: whoever creates a node
   * below must expect NO_NODE, and ensure the path again.
   */
  async ensurePath(path: string, acl: readonly Acl[] = protocol.openAcl): Promise<void> {
    const paths = prefixesOf(toServerPath(this.#chroot, path));
    // All at once: most often they all exist, and this takes a single round trip.
    const stats = await Promise.all(
      paths.map((one) => this.#call(this.#existsCall(`look for ${one}`, one))),
    );
    for (const [index, one] of paths.entries()) {
      if (stats[index] === undefined) await this.#createParent(one, acl);
    }
  }

  /** The node's stat, or `undefined` if there is no such node. */
  exists(path: string, watcher?: Watcher): Promise<Stat | undefined> {
    return this.#onPath("look for", path, (action, serverPath) => {
      return this.#existsCall(action, serverPath, watcher);
    });
  }

  getData(path: string, watcher?: Watcher): Promise<{ data: Uint8Array; stat: Stat }> {
    return this.#onPath("read", path, (action, serverPath) => ({
      action,
      encode: (xid) =>
        protocol.encodeRead(xid, protocol.Opcode.getData, serverPath, watcher !== undefined),
      decode: (body) => {
        const answer = { data: body.buffer(), stat: protocol.decodeStat(body) };
        if (watcher !== undefined) this.#session.watch("data", serverPath, watcher);
        return answer;
      },
    }));
  }

  /** The names of a node's children, in no particular order. */
  getChildren(path: string, watcher?: Watcher): Promise<{ children: string[]; stat: Stat }> {
    return this.#onPath("list", path, (action, serverPath) => ({
      action,
      encode: (xid) =>
        protocol.encodeRead(xid, protocol.Opcode.getChildren2, serverPath, watcher !== undefined),
      decode: (body) => {
        const answer = { children: body.strings(), stat: protocol.decodeStat(body) };
        if (watcher !== undefined) this.#session.watch("children", serverPath, watcher);
        return answer;
      },
    }));
  }

  /**
   * Watches a path and everything below it, even if it does not exist yet, until
   * {@link unwatchTree}: the watcher gets an event for each node that is created, changed or
   * deleted. Events between two connections are lost: read again after each `connected`. The event
   * `lost` ends the watch.
   *
   * Do not use it together with one-shot watches of the same path: servers before 3.9 keep only one
   * of the two.
   *
   * @throws {ZooKeeperError} UNIMPLEMENTED by servers before 3.6, which then end the connection
   */
  watchTree(path: string, watcher: Watcher): Promise<void> {
    return this.#onPath("watch", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeAddWatch(xid, serverPath),
      decode: () => this.#session.watchTree(serverPath, watcher),
    }));
  }

  /** Ends {@link watchTree}. */
  unwatchTree(path: string, watcher: Watcher): void {
    const serverPath = toServerPath(this.#chroot, path);
    if (!this.#session.unwatchTree(serverPath, watcher) || this.state !== "connected") return;
    this.#call({
      action: `stop watching ${path}`,
      encode: (xid) => protocol.encodeRemoveWatches(xid, serverPath),
      decode: () => {},
    }).catch(() => {
      // The session or the connection has ended. Later events find no watcher.
    });
  }

  /** Replaces a node's data if it has this version; -1 means any. */
  setData(path: string, data: Uint8Array | string, version = -1): Promise<Stat> {
    this.#hasWritten = true;
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    return this.#onPath("write", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeSetData(xid, serverPath, bytes, version),
      decode: protocol.decodeStat,
    }));
  }

  /** Deletes a node without children if it has this version; -1 means any. */
  delete(path: string, version = -1): Promise<void> {
    this.#hasWritten = true;
    return this.#onPath("delete", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeDelete(xid, serverPath, version),
      decode: () => {},
    }));
  }

  /**
   * Ends the session, so that its ephemeral nodes are deleted at once, and stops for good. May be
   * called in any state, and more than once. Operations that were sent are answered or fail with
   * CONNECTION_LOSS; the others fail with CLOSED; watchers are forgotten. Without a connection, the
   * ephemeral nodes are deleted when the session expires. A client that has only read does not
   * wait for the server, which writes the end of a session to its disk. Resolves within
   * about a second, whatever the server does; never rejects.
   */
  close(): Promise<void> {
    return this.#session.close(this.#hasWritten);
  }

  async #createParent(serverPath: string, acl: readonly Acl[]): Promise<void> {
    this.#hasWritten = true;
    const create = (mode: CreateMode) =>
      this.#call({
        action: `create ${serverPath}`,
        encode: (xid) => protocol.encodeCreate(xid, serverPath, new Uint8Array(), mode, acl),
        decode: () => {},
      });
    try {
      await create(this.#parentMode).catch(async (error) => {
        if (!this.#isContainerRefused(error)) throw error;
        this.#parentMode = "persistent";
        try {
          await create(this.#parentMode);
        } catch (lost) {
          // After such a refusal the server ends the connection, with what was sent on it.
          if (!isZooKeeperError(lost, "CONNECTION_LOSS")) throw lost;
          await create(this.#parentMode);
        }
      });
      this.#hasLostContainer = false;
    } catch (error) {
      // Somebody else created it meanwhile.
      if (!isZooKeeperError(error, "NODE_EXISTS")) throw error;
    }
  }

  #isContainerRefused(error: unknown): boolean {
    if (this.#parentMode !== "container") return false;
    if (isZooKeeperError(error, "UNIMPLEMENTED")) return true;
    if (!isZooKeeperError(error, "CONNECTION_LOSS")) return false;
    const isSecond = this.#hasLostContainer;
    this.#hasLostContainer = true;
    return isSecond;
  }

  #existsCall(action: string, serverPath: string, watcher?: Watcher): Call<Stat | undefined> {
    const { exists } = protocol.Opcode;
    return {
      action,
      encode: (xid) => protocol.encodeRead(xid, exists, serverPath, watcher !== undefined),
      decode: (body) => {
        const stat = protocol.decodeStat(body);
        if (watcher !== undefined) this.#session.watch("data", serverPath, watcher);
        return stat;
      },
      decodeNoNode: () => {
        if (watcher !== undefined) this.#session.watch("exists", serverPath, watcher);
        return undefined;
      },
    };
  }

  async #onPath<Result>(
    verb: string,
    path: string,
    call: (action: string, serverPath: string) => Call<Result>,
  ): Promise<Result> {
    return await this.#call(call(`${verb} ${path}`, toServerPath(this.#chroot, path)));
  }

  #call<Result>(call: Call<Result>): Promise<Result> {
    const { action, decode, decodeNoNode } = call;
    const xid = this.#session.nextXid();
    const frame = call.encode(xid);
    if (frame.length > this.#requestBytesMax) {
      const message =
        `Cannot ${action}: the request has ${frame.length} bytes, and ZooKeeper takes ` +
        `at most ${this.#requestBytesMax}`;
      return Promise.reject(new ZooKeeperError("FRAME_TOO_LARGE", message));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#session.submit({
      xid,
      frame,
      action,
      reply(error, body) {
        const failure = error === 0 ? undefined : serverError(error, action);
        try {
          if (failure === undefined) resolve(decode(body));
          else if (failure.code === "NO_NODE" && decodeNoNode !== undefined) {
            resolve(decodeNoNode());
          } else reject(failure);
        } catch (malformed) {
          // The promise must settle, and the connection must end: its bytes make no sense.
          reject(malformed);
          throw malformed;
        }
      },
      fail: reject,
    });
    return promise;
  }
}
