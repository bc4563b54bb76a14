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

/** How to reach an ensemble, and what to hear of it. */
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
  /**
   * After each pass over the members in which none could be reached: the message says who, and why.
   */
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
  /** Where "there is no such node" is an answer and not an error. */
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
 * A watcher is told of one event, as the server's watches are one-shot, and exactly once: either
 * what happened, also when it happened between two connections, or `lost` when the session has
 * expired. It is registered if and only if the read that brought it succeeds (`exists` of a missing
 * node is a success), before any later event can arrive.
 */
export class ZooKeeperClient {
  readonly #session: Session;
  readonly #chroot: string;
  readonly #requestBytesMax: number;
  /** Container nodes came with ZooKeeper 3.5.3; one refusal is enough to know. */
  #parentMode: CreateMode = "container";

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

  /** 0 while there is no session; another one after an expiry. */
  get sessionId(): bigint {
    return this.#session.id;
  }

  /** As the server granted it; what was asked for until then. */
  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs;
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
   * Makes sure that a node and its parents are there, those of the chroot included. What is missing
   * becomes a container node, which the servers remove some time after its last child went: whoever
   * creates a node below should be ready to meet NO_NODE, and to ensure the path again.
   */
  async ensurePath(path: string, acl: readonly Acl[] = protocol.openAcl): Promise<void> {
    const paths = prefixesOf(toServerPath(this.#chroot, path));
    // Looked for together: as a rule all are there, and it takes one round trip then.
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
   * Watches a path and all below it, whether it is there or not, until {@link unwatchTree}: of each
   * node that is created, changed or deleted the watcher is told once. What happens between two
   * connections is not told: read again after each `connected`. `lost` ends the watch.
   *
   * Not to be used beside one-shot watches of the same path: servers before 3.9 keep one of both.
   *
   * @throws {ZooKeeperError} UNIMPLEMENTED by servers before 3.6
   */
  watchTree(path: string, watcher: Watcher): Promise<void> {
    return this.#onPath("watch", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeAddWatch(xid, serverPath),
      decode: () => this.#session.watchTree(serverPath, watcher),
    }));
  }

  /** Takes {@link watchTree} back. */
  unwatchTree(path: string, watcher: Watcher): void {
    const serverPath = toServerPath(this.#chroot, path);
    if (!this.#session.unwatchTree(serverPath, watcher) || this.state !== "connected") return;
    this.#call({
      action: `stop watching ${path}`,
      encode: (xid) => protocol.encodeRemoveWatches(xid, serverPath),
      decode: () => {},
    }).catch(() => {
      // The session has ended, or the connection: events that come all the same are nobody's.
    });
  }

  /** Replaces a node's data if it has this version; -1: whatever its version. */
  setData(path: string, data: Uint8Array | string, version = -1): Promise<Stat> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    return this.#onPath("write", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeSetData(xid, serverPath, bytes, version),
      decode: protocol.decodeStat,
    }));
  }

  /** Deletes a node that has no children if it has this version; -1: whatever its version. */
  delete(path: string, version = -1): Promise<void> {
    return this.#onPath("delete", path, (action, serverPath) => ({
      action,
      encode: (xid) => protocol.encodeDelete(xid, serverPath, version),
      decode: () => {},
    }));
  }

  /**
   * Ends the session, so that its ephemeral nodes go at once, and stops for good. Works in any
   * state, and more than once. What was sent before is answered, or fails with CONNECTION_LOSS;
   * what was not fails with CLOSED; watchers are forgotten. Without a connection nobody can be
   * told, and the ephemeral nodes go when the session expires. Resolves within about a second,
   * whatever the server does; never rejects.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  async #createParent(serverPath: string, acl: readonly Acl[]): Promise<void> {
    const create = (mode: CreateMode) =>
      this.#call({
        action: `create ${serverPath}`,
        encode: (xid) => protocol.encodeCreate(xid, serverPath, new Uint8Array(), mode, acl),
        decode: () => {},
      });
    try {
      await create(this.#parentMode).catch((error) => {
        if (!isZooKeeperError(error, "UNIMPLEMENTED")) throw error;
        this.#parentMode = "persistent";
        return create(this.#parentMode);
      });
    } catch (error) {
      // Somebody else was as quick.
      if (!isZooKeeperError(error, "NODE_EXISTS")) throw error;
    }
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
          // The promise must settle, and the connection cannot be trusted any more.
          reject(malformed);
          throw malformed;
        }
      },
      fail: reject,
    });
    return promise;
  }
}
