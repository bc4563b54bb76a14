/**
 * What goes back and forth in a session: requests, answers and events, over one connection after
 * another.
 */

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

/** Tells watchers of an event on a server path. May not throw. */
type Tell = (watchers: Iterable<Watcher>, type: EventType, serverPath: string) => void;

type EventType = protocol.ServerEventType | "lost";

/** The operations and watches of a session, and the connection they travel on, if there is one. */
export class Exchange {
  readonly #operations = new Operations();
  readonly #watchers = new Watchers();
  readonly #auth: readonly AuthInfo[];
  readonly #tell: Tell;
  #connection: Connection | undefined;
  #lastZxid = 0n;
  #lastXid = 0;

  constructor(auth: readonly AuthInfo[], tell: Tell) {
    this.#auth = auth;
    this.#tell = tell;
  }

  /** Whether there is a connection. */
  get attached(): boolean {
    return this.#connection !== undefined;
  }

  /** The last transaction seen: a server that has not seen it yet must not serve this session. */
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

  /**
   * Registers a watcher. To be called while the answer of the read that asked for it is being
   * taken.
   */
  watch(kind: WatchKind, serverPath: string, watcher: Watcher): void {
    this.#watchers.add(kind, serverPath, watcher);
  }

  /** Registers a watcher of a path and all below it, as {@link watch} does. */
  watchTree(serverPath: string, watcher: Watcher): void {
    this.#watchers.addTree(serverPath, watcher);
  }

  /** Forgets one of those. Returns whether nobody watches its path any more. */
  unwatchTree(serverPath: string, watcher: Watcher): boolean {
    return this.#watchers.removeTree(serverPath, watcher);
  }

  /**
   * Goes on over a new connection: who we are first, since the server judges each request by what
   * it knows by then; then the watches, so that no event falls between them and what is read next;
   * then what has waited.
   */
  attach(connection: Connection): void {
    for (const { scheme, credentials } of this.#auth) {
      connection.send(protocol.encodeAuth(scheme, credentials));
    }
    for (const chunk of this.#watchers.chunks()) {
      connection.send(protocol.encodeSetWatches(this.#lastZxid, chunk));
    }
    // Apart from the others: an older member knows nothing of these.
    for (const path of this.#watchers.trees) {
      connection.send(protocol.encodeSetTreeWatches(this.#lastZxid, [path]));
    }
    this.#connection = connection;
    this.#sendWaiting();
  }

  /** The connection is gone, and with it the answers to what was sent. */
  detach(error: ZooKeeperError): void {
    this.#connection = undefined;
    // Who asked for more than fits must learn it, or would ask again for ever.
    if (error.code === "FRAME_TOO_LARGE") this.#operations.failNext(error);
    const code = error.code === "AUTH_FAILED" ? error.code : "CONNECTION_LOSS";
    this.#operations.failSent((action) =>
      new ZooKeeperError(code, `Cannot ${action}: connection to ZooKeeper lost (${error.message})`)
    );
  }

  /** Fails what was not sent yet. */
  failUnsent(failure: Failure): void {
    this.#operations.failUnsent(failure);
  }

  /** Begins again for a new session. Returns the watchers of the old one by server path. */
  reset(): Map<string, Set<Watcher>> {
    this.#lastZxid = 0n;
    return this.#watchers.takeAll();
  }

  /**
   * Takes what the server sent. An answer that is too long is the loss of whoever asked for it, and
   * of nobody else. Throws where the connection is of no more use.
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

  /** An older member than the one before does not know the watches of trees. */
  #watchesRefused(error: ZooKeeperError): void {
    if (error.code !== "UNIMPLEMENTED") throw error;
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
