import { Buffer } from "node:buffer";
import net, { type Socket } from "node:net";
import tls from "node:tls";
import type { Clock, Timer } from "../../base/clock.ts";
import type { RpcError } from "../../base/errors.ts";
import { handshakesMax, handshakeTimeoutMs } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { Waiters } from "../../base/waiters.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import { type Caller, callerOf } from "../caller.ts";
import { type CertificateInfo, readCertificate } from "../certificate.ts";
import type { KeyRing } from "../key_ring.ts";
import type { Keys } from "../keys.ts";
import { clusterName } from "../names.ts";
import { addressTextOf, TlsConnection } from "./connection.ts";
import { contextOptionsOf } from "./context.ts";
import { Handshakes } from "./handshakes.ts";
import { ListenerProbe } from "./listener_probe.ts";
import { certificateOf, memberOf } from "./members.ts";
import { boundTextless } from "./textless_bytes.ts";

/** How often to look whether there are new keys. */
const renewalCheckMs = 1_000;

/** How long after handles were scarce it listens again. */
const relistenMs = 100;

/** How often it tells that they are. */
const scarceToldMs = 60_000;

/** A connection after its handshake, with its caller, or with the reason to refuse it. */
interface AcceptedTls {
  readonly connection: TlsConnection;
  readonly caller: Caller | RpcError;
}

/** What a {@link TlsListener} needs. */
export interface TlsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly keys: KeyRing;
  /** With more sockets each new one makes a peer go that is not known yet. @default any number */
  readonly socketsMax?: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The answer to a peer whose first bytes, which these are, begin no TLS. */
  readonly answerToPlain: (bytes: Uint8Array) => string;
}

/** A socket whose handshake has failed: only the one below it tells its peer still. */
type Failed = tls.TLSSocket & { readonly _parent?: Socket };

const serverOptions = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };

/** The first byte of a TLS handshake. */
const handshakeRecord = 0x16;

/**
 * A listener of TLS 1.3 with certificates on both sides.
 *
 * A peer without a valid certificate completes the handshake all the same, and is refused after it:
 * within the handshake it could not be told the reason.
 */
export class TlsListener {
  readonly addr: HostPort;
  /** Listens, and hands its connections to {@link #tls} when their turn comes. */
  #server: net.Server;
  readonly #tls: tls.Server;
  readonly #options: TlsListenerOptions;
  readonly #renewalCheck: Timer;
  readonly #probe: ListenerProbe;
  readonly #accepted: AcceptedTls[] = [];
  /** All sockets that are open. */
  #sockets = 0;
  #relistening: Timer | undefined;
  #tellScarceAtMs = -Infinity;
  /** Peers that have sent nothing yet, or that were told to speak TLS. */
  readonly #outside = new Set<Socket>();
  readonly #handshakes: Handshakes;
  /** By the addresses of their peers. */
  readonly #shakingHands = new Map<
    string,
    { readonly socket: Socket; readonly over: () => void }
  >();
  #shown: Keys;
  /** What was shown when the handshake began: TLS judges the peer's certificate by that. */
  readonly #shownTo = new WeakMap<Socket, Keys>();
  readonly #waiters = new Waiters();
  #isClosed = false;

  private constructor(server: net.Server, options: TlsListenerOptions, shown: Keys) {
    this.#server = server;
    this.#tls = tls.createServer({
      ...contextOptionsOf(shown),
      requestCert: true,
      rejectUnauthorized: false,
      // A peer may end its side before it has its answers: this side stays open for them.
      allowHalfOpen: true,
      noDelay: true,
      // None: its timer would keep all that has come of one that was ended before. Ours is below.
      handshakeTimeout: -1,
    } as tls.TlsOptions);
    this.#handshakes = new Handshakes(options.clock);
    this.#options = options;
    this.#shown = shown;
    const { address, port } = server.address() as { address: string; port: number };
    this.addr = { host: address, port };
    this.#attend(server);
    const { clock } = options;
    const deaf = () => {
      options.log.error("Cannot accept connections: listening again");
      this.#listenAgain();
    };
    this.#probe = new ListenerProbe({ addr: this.addr, clock, deaf });
    this.#tls.on("secureConnection", (socket: tls.TLSSocket) => this.#shookHands(socket));
    this.#tls.on("tlsClientError", (error: Error, socket: Failed) => {
      options.log.debug("A handshake failed", {
        peer: addressTextOf(socket._parent ?? socket),
        reason: error.message,
      });
      socket.destroy();
    });
    this.#renewalCheck = options.clock.every(renewalCheckMs, () => this.#renew());
  }

  /**
   * Starts to listen.
   *
   * @throws {Error} the address cannot be listened on
   */
  static async listen(options: TlsListenerOptions): Promise<TlsListener> {
    const { host, port, keys } = options;
    const shown = keys.current();
    const server = net.createServer(serverOptions);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
    return new TlsListener(server, options, shown);
  }

  /** The cluster whose members it takes now. */
  get cluster(): string {
    return this.#shown.cluster;
  }

  /** The next connection. Rejects when the listener is closed. */
  async accept(): Promise<AcceptedTls> {
    while (true) {
      const next = this.#accepted.shift();
      if (next !== undefined) return next;
      if (this.#isClosed) throw new Deno.errors.BadResource("The listener is closed");
      await this.#waiters.wait();
    }
  }

  /** Stops listening. Connections that were accepted stay open. */
  close(): void {
    this.#isClosed = true;
    this.#renewalCheck.cancel();
    this.#probe.stop();
    this.#relistening?.cancel();
    this.#server.close();
    for (const socket of this.#outside) socket.destroy();
    for (const { socket } of this.#shakingHands.values()) socket.destroy();
    for (const { connection } of this.#accepted.splice(0)) connection.close();
    this.#waiters.wake();
  }

  #attend(server: net.Server): void {
    server.on("error", (error: Error) => {
      this.#options.log.error("Cannot accept connections", { reason: error.message });
    });
    server.on("connection", (socket: Socket) => {
      this.#probe.came();
      this.#connected(socket);
    });
  }

  /** Those that are connected stay so. */
  #listenAgain(): void {
    this.#server.close();
    this.#server = net.createServer(serverOptions);
    this.#attend(this.#server);
    this.#server.listen(this.addr.port, this.#options.host);
  }

  /**
   * Looks at a peer's first bytes before TLS does, since TLS would answer plain text with a binary
   * alert. No peer is known yet, so the number of silent ones is bounded: one more makes the oldest
   * go.
   */
  #connected(socket: Socket): void {
    const peer = addressTextOf(socket);
    this.#sockets++;
    if (this.#sockets > (this.#options.socketsMax ?? Infinity)) this.#areScarce();
    else if (this.#outside.size >= handshakesMax) this.#makeRoom();
    this.#outside.add(socket);
    const leave = () => socket.destroy();
    const timer = this.#options.clock.after(handshakeTimeoutMs, leave);
    socket.once("close", () => {
      timer.cancel();
      this.#sockets--;
      this.#outside.delete(socket);
      this.#handshakeOver(peer, socket);
    });
    // A close follows.
    socket.on("error", () => {});
    socket.once("end", leave);
    socket.once("readable", () => {
      const bytes = socket.read() as Uint8Array | null;
      if (bytes === null) return leave();
      if (bytes[0] !== handshakeRecord) return this.#answerPlain(socket, bytes);
      this.#outside.delete(socket);
      this.#shakeHands(peer, socket, () => {
        timer.cancel();
        socket.off("end", leave);
        socket.unshift(allOf(bytes, socket));
        this.#shownTo.set(socket, this.#shown);
        this.#tls.emit("connection", socket);
      });
    });
  }

  /**
   * Has a peer go. Its handle is free only in the next round of the event loop, and more may come
   * in this one than there are handles: then the runtime takes no more (see {@link ListenerProbe}).
   */
  #areScarce(): void {
    this.#makeRoom();
    const { clock, log } = this.#options;
    this.#relistening ??= clock.after(relistenMs, () => {
      this.#relistening = undefined;
      this.#listenAgain();
    });
    if (clock.now() < this.#tellScarceAtMs) return;
    this.#tellScarceAtMs = clock.now() + scarceToldMs;
    log.warn("Too few file handles: peers that are not known yet have to go", {
      sockets: this.#sockets,
      remedy: "ulimit -n",
    });
  }

  /** Has the oldest peer go that is not known yet: first of those that have sent nothing. */
  #makeRoom(): void {
    const [oldest] = this.#outside;
    const [peer] = this.#shakingHands.keys();
    if (oldest !== undefined) {
      this.#outside.delete(oldest);
      oldest.destroy();
    } else if (peer !== undefined) this.#giveUp(peer);
  }

  /** Reads on and ignores it: closing while the peer still sends would discard the answer. */
  #answerPlain(socket: Socket, bytes: Uint8Array): void {
    this.#options.log.debug("A peer does not speak TLS", { peer: addressTextOf(socket) });
    socket.end(this.#options.answerToPlain(bytes));
    socket.resume();
  }

  /** Where there is no room the oldest has to go: honest peers take only a moment. */
  #shakeHands(peer: string, socket: Socket, begin: () => void): void {
    // A peer can come anew from its port before its former connection is known to be closed.
    this.#giveUp(peer);
    const [oldest] = this.#shakingHands.keys();
    if (oldest !== undefined && this.#shakingHands.size >= handshakesMax) this.#giveUp(oldest);
    const bound = boundTextless({
      bytesRead: () => socket.bytesRead,
      textBytes: () => 0,
      end: () => socket.destroy(),
    });
    const leave = this.#handshakes.add(peer, begin);
    const over = () => {
      bound.cancel();
      leave?.();
    };
    if (leave === undefined) {
      over();
      return void socket.destroy();
    }
    this.#shakingHands.set(peer, { socket, over });
  }

  #giveUp(peer: string): void {
    const handshake = this.#shakingHands.get(peer);
    this.#handshakeOver(peer);
    handshake?.socket.destroy();
  }

  #handshakeOver(peer: string, socket?: Socket): void {
    const handshake = this.#shakingHands.get(peer);
    if (handshake === undefined || (socket !== undefined && handshake.socket !== socket)) return;
    this.#shakingHands.delete(peer);
    handshake.over();
  }

  #shookHands(socket: tls.TLSSocket): void {
    const peer = addressTextOf(socket);
    const handshake = this.#shakingHands.get(peer);
    const shown = handshake === undefined ? undefined : this.#shownTo.get(handshake.socket);
    this.#handshakeOver(peer);
    const connection = new TlsConnection(socket);
    if (this.#isClosed) return connection.close();
    this.#accepted.push({ connection, caller: this.#callerOf(socket, shown ?? this.#shown) });
    this.#waiters.wake();
  }

  /** @param shown by which keys TLS has judged the peer's certificate */
  #callerOf(socket: tls.TLSSocket, shown: Keys): Caller | RpcError {
    const { cluster } = this.#shown;
    const raw = certificateOf(socket);
    const isValid = socket.authorized === true && shown.cluster === cluster;
    const member = isValid && raw !== undefined ? memberOf(shown, raw) : undefined;
    return callerOf({
      certificate: member ?? readOrNone(raw),
      isAuthorized: member !== undefined && isCaller(member, cluster),
      cluster,
      nowMs: this.#options.clock.wallTimeMs(),
    });
  }

  #renew(): void {
    const keys = this.#options.keys.current();
    if (keys === this.#shown) return;
    this.#shown = keys;
    this.#tls.setSecureContext(contextOptionsOf(keys));
  }
}

/**
 * All that a peer has sent, in one piece. Of several, the runtime hands each to TLS, also when the
 * first was no TLS and has ended the connection: that error would end the whole process.
 */
function allOf(first: Uint8Array, socket: Socket): Uint8Array {
  const pieces = [first];
  for (let next; (next = socket.read() as Uint8Array | null) !== null;) pieces.push(next);
  return pieces.length === 1 ? first : Buffer.concat(pieces);
}

function readOrNone(certificate: Uint8Array | undefined): CertificateInfo | undefined {
  try {
    return certificate === undefined ? undefined : readCertificate(certificate);
  } catch {
    return undefined;
  }
}

/**
 * Who may only call has no host name in its certificate, and nobody another cluster's.
 *
 * What the certificate is for is looked at here too: Deno takes any peer for authorized who resumes
 * a session, also one that it has found to be none when the session began.
 */
function isCaller({ name, hosts, isForClients }: CertificateInfo, cluster: string): boolean {
  const isOurs = hosts.length === 0 || hosts.includes(clusterName(cluster));
  return name !== "" && isOurs && isForClients;
}
