import type { Clock, Timer } from "../clock.ts";
import { addressOf } from "../names/host_port.ts";
import { callerAddress } from "../names/site.ts";

/** A connection of a peer. */
type Peer = Pick<Deno.TcpConn, "remoteAddr" | "close">;

/** What {@link BriefPeers} needs. */
interface BriefPeersOptions {
  /** How many are held at once. */
  readonly max: number;
  /** How long each may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

interface Held {
  /** Whom it counts for. */
  readonly caller: string;
  readonly timer: Timer;
}

/**
 * The connections of a listener whose peers say one thing and go. Anybody may come, so each is
 * closed after a while, and where one too many comes, one of the caller that has most goes: the one
 * that came first, since who has something to say says it at once.
 */
export class BriefPeers {
  readonly #options: BriefPeersOptions;
  /** The one first that came first. */
  readonly #held = new Map<Peer, Held>();
  /** Those that stay until their time is over, whoever comes. */
  readonly #kept = new Map<Peer, Held>();

  constructor(options: BriefPeersOptions) {
    this.#options = options;
  }

  /** Holds one more. */
  add(peer: Peer): void {
    const { max, timeoutMs, clock } = this.#options;
    const { hostname: host, port } = peer.remoteAddr;
    const from = addressOf({ host, port });
    // Programs of this machine can be told apart only by their connections.
    const caller = callerAddress(from) ?? from;
    const timer = clock.after(timeoutMs, () => this.close(peer));
    this.#held.set(peer, { caller, timer });
    if (this.#held.size > max) this.#makeRoom();
  }

  /** Keeps one, since who it is has been seen. */
  keep(peer: Peer): void {
    const held = this.#held.get(peer);
    if (held === undefined) return;
    this.#held.delete(peer);
    this.#kept.set(peer, held);
  }

  /** Closes one, if it is still open. */
  close(peer: Peer): void {
    (this.#held.get(peer) ?? this.#kept.get(peer))?.timer.cancel();
    this.#held.delete(peer);
    this.#kept.delete(peer);
    try {
      peer.close();
    } catch {
      // It has been closed already.
    }
  }

  /** Closes all. */
  closeAll(): void {
    for (const peer of [...this.#held.keys(), ...this.#kept.keys()]) this.close(peer);
  }

  #makeRoom(): void {
    const counts = new Map<string, number>();
    for (const { caller } of this.#held.values()) counts.set(caller, (counts.get(caller) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [peer, { caller }] of this.#held) {
      if (counts.get(caller) === most) return this.close(peer);
    }
  }
}
