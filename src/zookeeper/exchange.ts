/** The requests, answers and events of a session, over one connection after another. */

import type { Connection } from "./connection.ts";
import { serverError, ZooKeeperError } from "./errors.ts";
import { CutFrame } from "./frames.ts";
import { JuteReader } from "./jute.ts";
import { type Failure, type Operation, Operations } from "./operations.ts";
import * as protocol from "./protocol.ts";
import { type Watcher, Watchers, type WatchKind } from "./watchers.ts";

/** One credential, as in `{ scheme: "digest", credentials: "user:password" }`. */
export interface AuthInfo {
  readonly scheme: string;
  readonly credentials: string;
}

/** Tells watchers of an event on a server path. Must not throw. */
type Tell = (watchers: Iterable<Watcher>, type: EventType, serverPath: string) => void;

type EventType = protocol.ServerEventType | "lost";

/** After so many connections without an answer, trees are not watched again by themselves. */
const unansweredMax = 2;

/** The operations and watches of a session, and the connection they travel on, if there is one. */
export class Exchange {
  readonly #operations = new Operations();
  readonly #watchers = new Watchers();
  readonly #auth: readonly AuthInfo[];
  readonly #tell: Tell;
  #connection: Connection | undefined;
  #lastZxid = 0n;
  #lastXid = 0;
  /** Connections in a row on which the request to watch trees again was not answered. */
  #treesUnanswered = 0;

  constructor(auth: readonly AuthInfo[], tell: Tell) {
    this.#auth = auth;
    this.#tell = tell;
  }

  /** Whether there is a connection. */
  get attached(): boolean {
    return this.#connection !== undefined;
  }

  /** Resolves when all that was submitted has left, or there is no connection. */
  get sent(): Promise<void> | undefined {
    return this.#connection?.sent;
  }

  /** The last transaction seen: a server that has not seen it must not serve this session. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** The number for the next request: positive, wrapping round. */
  nextXid(): number {
    this.#lastXid = this.#lastXid % 0x7fffffff + 1;
    return this.#lastXid;
  }

  /** Sends an operation, now or when attached again. */
  submit(operation: Operation): void {
    this.#operations.add(operation);
    this.#sendWaiting();
  }

  /** Registers a watcher. To be called while the answer of its read is being decoded. */
  watch(kind: WatchKind, serverPath: string, watcher: Watcher): void {
    this.#watchers.add(kind, serverPath, watcher);
  }

  /** Registers a watcher of a path and all below it, as {@link watch} does. */
  watchTree(serverPath: string, watcher: Watcher): void {
    this.#watchers.addTree(serverPath, watcher);
  }

  /** Removes a tree's watcher. Returns whether it was the path's last one. */
  unwatchTree(serverPath: string, watcher: Watcher): boolean {
    return this.#watchers.removeTree(serverPath, watcher);
  }

  /**
   * Continues on a new connection. First come the credentials, since the server judges each request
   * by those it has; then the watches, so that no event is missed before the next read; then the
   * operations that have waited.
   */
  attach(connection: Connection): void {
    for (const { scheme, credentials } of this.#auth) {
      connection.send(protocol.encodeAuth(scheme, credentials));
    }
    // Some members refuse watches of trees by nothing but the end of the connection.
    if (this.#treesUnanswered === unansweredMax) this.#loseTrees();
    const { trees } = this.#watchers;
    if (trees.length > 0) this.#treesUnanswered++;
    // In requests of their own, since an older member refuses these, and first, so that the first
    // answer is to them.
    for (const path of trees) {
      connection.send(protocol.encodeSetTreeWatches(this.#lastZxid, [path]));
    }
    for (const chunk of this.#watchers.chunks()) {
      connection.send(protocol.encodeSetWatches(this.#lastZxid, chunk));
    }
    this.#connection = connection;
    this.#sendWaiting();
  }

  /** The connection has ended: the operations that were sent fail. */
  detach(error: ZooKeeperError): void {
    this.#connection = undefined;
    // The reader of too long an answer must learn that, or it would ask again for ever.
    if (error.code === "FRAME_TOO_LARGE") this.#operations.failNext(error);
    const code = error.code === "AUTH_FAILED" ? error.code : "CONNECTION_LOSS";
    this.#operations.failSent((action) =>
      new ZooKeeperError(code, `Cannot ${action}: connection to ZooKeeper lost (${error.message})`)
    );
  }

  /** Fails the operations that were not sent. */
  failUnsent(failure: Failure): void {
    this.#operations.failUnsent(failure);
  }

  /** Starts afresh for a new session. Returns the watchers of the old one by server path. */
  reset(): Map<string, Set<Watcher>> {
    this.#lastZxid = 0n;
    return this.#watchers.takeAll();
  }

  /**
   * Takes a frame from the server. An answer that is too long fails only its own operation. Throws
   * if the connection cannot be used any more.
   */
  receive(frame: Uint8Array | CutFrame): void {
    const reader = new JuteReader(frame instanceof CutFrame ? frame.head : frame);
    const { xid, zxid, error } = protocol.decodeReplyHeader(reader);
    switch (xid) {
      case protocol.Xid.ping:
        return;
      case protocol.Xid.auth:
        if (error === 0) return;
        throw new ZooKeeperError("AUTH_FAILED", "ZooKeeper does not accept the credentials");
      case protocol.Xid.setWatches:
        this.#treesUnanswered = 0;
        if (error === 0) return;
        return this.#watchesRefused(serverError(error, "set the watches again"));
      case protocol.Xid.notification: {
        const { type, path } = protocol.decodeNotification(reader);
        return this.#tell(this.#watchers.take(type, path), type, path);
      }
      default: {
        const operation = this.#operations.takeAnswered(xid);
        if (zxid > 0n) this.#lastZxid = zxid;
        if (frame instanceof CutFrame) operation.fail(tooLong(operation.action, frame.length));
        else operation.reply(error, reader);
      }
    }
  }

  /** The member is older than the last one, and does not know watches of trees. */
  #watchesRefused(error: ZooKeeperError): void {
    if (error.code !== "UNIMPLEMENTED") throw error;
    this.#loseTrees();
  }

  #loseTrees(): void {
    this.#treesUnanswered = 0;
    for (const [path, watchers] of this.#watchers.takeTrees()) this.#tell(watchers, "lost", path);
  }

  #sendWaiting(): void {
    if (this.#connection === undefined) return;
    for (const frame of this.#operations.takeUnsent()) this.#connection.send(frame);
  }
}

function tooLong(action: string, length: number): ZooKeeperError {
  return new ZooKeeperError(
    "FRAME_TOO_LARGE",
    `Cannot ${action}: ZooKeeper's answer has ${length} bytes, more than are taken`,
  );
}
