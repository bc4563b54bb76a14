/** One TCP or TLS connection to one member: frames out, frames in. It knows nothing of sessions. */

import { type Clock, orAborted } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { TlsError } from "../base/system/tls_error.ts";
import type { HostPort } from "../base/names/host_port.ts";
import { joined } from "../base/values/bytes.ts";
import { ZooKeeperError } from "./errors.ts";
import { type CutFrame, FrameSplitter } from "./frames.ts";

/** A byte stream in both directions. */
export interface Socket {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** How to reach a member over TLS; all in PEM. */
export interface TlsOptions {
  /**
   * Opens the connection in place of `Deno.connectTls`; if it returns `undefined`, that is used
   * with the other options. @default `Deno.connectTls`
   */
  readonly open?: (member: HostPort, signal: AbortSignal) => Promise<Socket | undefined>;
  /** Certificates to trust in addition to the system's. */
  readonly caCerts?: readonly string[];
  /** The client's own certificate, together with {@link TlsOptions.key}. */
  readonly cert?: string;
  readonly key?: string;
}

/** What a {@link Connection} needs. */
interface ConnectionOptions {
  readonly clock: Clock;
  readonly tls: TlsOptions | undefined;
  readonly frameBytesMax: number;
  /** Ends the connection, or the attempt to make one; the reader throws its reason. */
  readonly signal: AbortSignal;
}

/**
 * Size of the buffer that one read fills: many answers, or a good part of a long list of children.
 */
const readBufferBytes = 64 * 1024;

/** A connection that is open until its signal aborts or the peer ends it. */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #close = () => closeQuietly(this.#socket);
  #outbox: Uint8Array[] = [];
  #flushing = false;
  #sent: Promise<void> = Promise.resolve();
  #lastSentAt: number;
  #lastReceivedAt: number;

  private constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#lastSentAt = this.#lastReceivedAt = options.clock.now();
    options.signal.addEventListener("abort", this.#close, { once: true });
    // The signal may have aborted just as the connection opened.
    if (options.signal.aborted) this.#close();
  }

  /**
   * Connects. Rejects with the system's error, or with the signal's reason as soon as it aborts.
   */
  static async open(member: HostPort, options: ConnectionOptions): Promise<Connection> {
    const opening = openSocket(member, options);
    try {
      return new Connection(await orAborted(opening, options.signal), options);
    } catch (error) {
      // Deno.connectTls cannot be aborted: a connection that it still makes is closed.
      opening.then(closeQuietly, () => {});
      throw error;
    }
  }

  /** When the last frame was handed over for sending, by the clock's `now`. */
  get lastSentAt(): number {
    return this.#lastSentAt;
  }

  /** When bytes last arrived (at first: when the connection opened), by the clock's `now`. */
  get lastReceivedAt(): number {
    return this.#lastReceivedAt;
  }

  /** Sends a frame. Frames that are ready together leave in one write. */
  send(frame: Uint8Array): void {
    this.#lastSentAt = this.#options.clock.now();
    this.#outbox.push(frame);
    if (this.#flushing) return;
    this.#flushing = true;
    this.#sent = Promise.resolve().then(() => this.#flush());
  }

  /** Resolves when all frames have left, or none can leave any more. */
  get sent(): Promise<void> {
    return this.#sent;
  }

  /**
   * The payloads that arrive. Returns when the peer ends the connection, and throws the signal's
   * reason when we do. To be called once.
   */
  async *frames(): AsyncGenerator<Uint8Array | CutFrame, void> {
    const splitter = new FrameSplitter(this.#options.frameBytesMax);
    const buffer = new Uint8Array(readBufferBytes);
    for (let isFirst = true;; isFirst = false) {
      const size = await this.#socket.read(buffer).catch((): null => null);
      this.#options.signal.throwIfAborted();
      if (size === null) return;
      this.#lastReceivedAt = this.#options.clock.now();
      // A TLS alert: a member that speaks TLS answers so to plain bytes.
      if (isFirst && buffer[0] === 0x15 && buffer[1] === 0x03) {
        throw new ZooKeeperError("CONNECTION_LOSS", "it speaks TLS there: write zookeepers://");
      }
      if (isFirst) assertFrame(buffer.subarray(0, size));
      yield* splitter.push(buffer.subarray(0, size));
    }
  }

  /** Closes the socket. Closing twice does nothing. */
  close(): void {
    this.#options.signal.removeEventListener("abort", this.#close);
    this.#close();
  }

  async #flush(): Promise<void> {
    try {
      while (this.#outbox.length > 0) {
        const bytes = joined(this.#outbox);
        this.#outbox = [];
        for (let at = 0; at < bytes.length;) {
          at += await this.#socket.write(bytes.subarray(at));
        }
      }
      this.#flushing = false;
    } catch {
      // The reader fails as well, and reports it. Nothing more can be sent.
      this.#close();
    }
  }
}

/**
 * The length of a frame begins with a zero byte in ZooKeeper: letters and digits mean that the peer
 * sends text.
 */
function assertFrame(bytes: Uint8Array): void {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 4));
  if (!/^[\w{[<+*$-]/.test(beginning)) return;
  const [, name] = /^(HTTP|SSH)/.exec(beginning) ?? [];
  throw new ZooKeeperError(
    "CONNECTION_LOSS",
    `it speaks ${name ?? "another protocol"} and is no ZooKeeper: another program has the port`,
  );
}

async function openSocket(member: HostPort, options: ConnectionOptions): Promise<Socket> {
  const { tls, signal } = options;
  const address = { hostname: member.host, port: member.port };
  if (tls === undefined) {
    const socket = await Deno.connect({ ...address, signal });
    try {
      socket.setNoDelay(true);
    } catch (error) {
      // The member has hung up already.
      socket.close();
      throw error;
    }
    return socket;
  }
  const opened = await tls.open?.(member, signal);
  if (opened !== undefined) return opened;
  const trust = tls.caCerts === undefined ? {} : { caCerts: [...tls.caCerts] };
  const own = tls.cert === undefined || tls.key === undefined
    ? {}
    : { cert: tls.cert, key: tls.key };
  return await shakeHands(await Deno.connectTls({ ...address, ...trust, ...own }), signal);
}

/**
 * Performs the TLS handshake now. The first read or write would do it too, but would not tell what
 * is wrong with a certificate.
 */
async function shakeHands(socket: Deno.TlsConn, signal: AbortSignal): Promise<Deno.TlsConn> {
  const giveUp = () => closeQuietly(socket);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await socket.handshake();
    return socket;
  } catch (error) {
    giveUp();
    const text = messageOf(error);
    // Deno tells it by its text alone.
    if (text.includes("invalid peer certificate")) {
      throw new TlsError("unknown signer", text, error);
    }
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // Closed already.
  }
}
