import { type Clock, sleep } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { acceptRetryMs, isLostConnection } from "../../base/system/lost_connection.ts";
import { joinLabels, readJsonLine, writeJsonLine } from "./lines.ts";
import { isMachineName } from "../names.ts";
import { isProof, proofOf, type Token } from "./token.ts";

/** How long a token can be used. */
const invitationMs = 15 * 60 * 1_000;

const lateText = "Nobody joined within 15 minutes: the token is void; rpc keys invite";

/** How many wrong tokens are refused before the invitation is withdrawn. */
const wrongTriesMax = 5;

/** How many peers are served at once. Where one more comes, the one that came first is dropped. */
const peersMax = 16;

/** How long each may take. */
const peerTimeoutMs = 10_000;

/** How many of those who did not join are told one by one. Whoever comes may come without end. */
const toldMax = 20;

/** What an {@link Invitation} needs. */
interface InvitationOptions {
  readonly listener: Deno.TcpListener;
  readonly token: Token;
  /** The cluster's own certificate. */
  readonly authority: string;
  /**
   * Makes the certificate of the machine that joins.
   *
   * @param asked what it is called, and whether another name will do
   * @throws {Error} the reason, which the machine that joins is told
   */
  readonly sign: (asked: AskedName, request: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a machine that joins wants to be called. */
interface AskedName {
  readonly name: string;
  /** Whether it takes another name where this one is taken. */
  readonly mayDiffer: boolean;
}

/** Who has joined. */
export interface Joined {
  /** What it asked to be called. */
  readonly name: string;
  readonly certificate: string;
}

/** Waits for one machine to join. Peers without a token delay nobody. */
export class Invitation {
  readonly #options: InvitationOptions;
  readonly #outcome = Promise.withResolvers<Joined>();
  /** By the machine's clock: timers stand still while the machine sleeps. */
  readonly #untilMs: number;
  readonly #peers = new Set<Deno.Conn>();
  #wrongTries = 0;
  /** How many came and did not join. */
  #inVain = 0;
  #isInUse = false;
  #isOver = false;

  private constructor(options: InvitationOptions) {
    this.#options = options;
    this.#untilMs = options.clock.wallTimeMs() + invitationMs;
  }

  /**
   * Resolves when somebody has joined.
   *
   * @throws {CommandError} nobody came in time, or too many wrong tokens did
   */
  static async wait(options: InvitationOptions): Promise<Joined> {
    const invitation = new Invitation(options);
    const timer = options.clock.after(invitationMs, () => invitation.#end(lateText));
    try {
      void invitation.#accept();
      return await invitation.#outcome.promise;
    } finally {
      timer.cancel();
      invitation.#isOver = true;
      const untold = invitation.#inVain - toldMax;
      if (untold > 0) options.log.warn("More came and did not join", { count: untold });
      options.listener.close();
      for (const peer of [...invitation.#peers]) closeQuietly(peer);
    }
  }

  async #accept(): Promise<void> {
    const { listener, clock } = this.#options;
    while (!this.#isOver) {
      try {
        const peer = await listener.accept();
        // A peer with the token sends it at once, so the one that came first is likely a stranger.
        const [longest] = this.#peers;
        if (longest !== undefined && this.#peers.size >= peersMax) {
          this.#peers.delete(longest);
          closeQuietly(longest);
        }
        void this.#meet(peer);
      } catch (error) {
        // Otherwise the system has too few file handles for a while.
        if (!this.#isOver && !isLostConnection(error)) await sleep(clock, acceptRetryMs);
      }
    }
  }

  async #meet(peer: Deno.Conn): Promise<void> {
    const { clock, log } = this.#options;
    this.#peers.add(peer);
    const timer = clock.after(peerTimeoutMs, () => closeQuietly(peer));
    try {
      this.#outcome.resolve(await this.#answer(peer));
    } catch (error) {
      if (++this.#inVain <= toldMax && !this.#isOver) {
        const { hostname: from } = peer.remoteAddr as Deno.NetAddr;
        // An operation that was canceled tells nobody anything.
        const reason = error instanceof Deno.errors.Interrupted
          ? "it said nothing"
          : messageOf(error);
        log.warn("Somebody came and did not join", { from, reason });
      }
    } finally {
      timer.cancel();
      this.#peers.delete(peer);
      closeQuietly(peer);
      if (this.#wrongTries >= wrongTriesMax) {
        this.#end(
          `${wrongTriesMax} wrong tokens came: the invitation is withdrawn; rpc keys invite`,
        );
      }
    }
  }

  /** Who the peer is, once it has its certificate. */
  async #answer(peer: Deno.Conn): Promise<Joined> {
    const { token, authority, sign, clock } = this.#options;
    const { name, request, proof, mayDiffer } = await readJsonLine(peer);
    if (typeof name !== "string" || typeof request !== "string") throw new Error("no request");
    if (!isProof(proof, proofOf(token, joinLabels.request, name, request))) {
      this.#wrongTries++;
      await writeJsonLine(peer, { error: "the token is not the one of this invitation" });
      throw new Error("its token was wrong");
    }
    if (clock.wallTimeMs() > this.#untilMs) {
      await writeJsonLine(peer, { error: "the token is older than 15 minutes" }).catch(() => {});
      this.#end(lateText);
      throw new Error("its token was too old");
    }
    // A token is good for one machine: if two come with it at once, the second is refused.
    if (this.#isInUse) {
      await writeJsonLine(peer, { error: "another machine joins with this token at the moment" });
      throw new Error("the token is in use");
    }
    this.#isInUse = true;
    this.#peers.delete(peer);
    try {
      if (!isMachineName(name)) throw new Error("that is no name for a machine");
      const certificate = await sign({ name, mayDiffer: mayDiffer === true }, request);
      const body = JSON.stringify({ authority, certificate });
      const answerProof = proofOf(token, joinLabels.answer, proof as string, body);
      await writeJsonLine(peer, { body, proof: answerProof });
      return { name, certificate };
    } catch (error) {
      this.#isInUse = false;
      await writeJsonLine(peer, { error: messageOf(error) }).catch(() => {});
      throw error;
    }
  }

  #end(message: string): void {
    this.#outcome.reject(new CommandError(message));
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The peer has closed the connection by itself.
  }
}
