import { BriefPeers } from "../../base/bounds/brief_peers.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { giveWay } from "../../base/system/give_way.ts";
import { acceptRetryMs, isLostConnection } from "../../base/system/lost_connection.ts";
import { joinLabels, readJsonLine, writeJsonLine } from "./lines.ts";
import { isMachineName } from "../names.ts";
import { isProof, proofOf, type Token } from "./token.ts";

/** How long a token can be used. */
const invitationMs = 15 * 60 * 1_000;

const lateText = "Nobody joined within 15 minutes: the token is void; rpc keys invite";

/** How many wrong tokens are refused before the invitation is withdrawn. */
const wrongTriesMax = 5;

/**
 * How many peers are served at once. A peer with the token sends it at once, and so before as many
 * strangers have come after it.
 */
const peersMax = 64;

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
  readonly #peers: BriefPeers;
  #wrongTries = 0;
  /** How many came and did not join. */
  #inVain = 0;
  #isInUse = false;
  #isOver = false;

  private constructor(options: InvitationOptions) {
    const { clock } = options;
    this.#options = options;
    this.#peers = new BriefPeers({ max: peersMax, timeoutMs: peerTimeoutMs, clock });
    this.#untilMs = clock.wallTimeMs() + invitationMs;
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
      invitation.#peers.closeAll();
    }
  }

  async #accept(): Promise<void> {
    const { listener, clock } = this.#options;
    while (!this.#isOver) {
      try {
        const peer = await listener.accept();
        // It was on its way as the listener was closed: nobody would close it any more.
        if (this.#isOver) return peer.close();
        this.#peers.add(peer);
        void this.#meet(peer);
        // Those who have come are read from before the next one is taken.
        await new Promise<void>(giveWay);
      } catch (error) {
        // Otherwise the system has too few file handles for a while.
        if (!this.#isOver && !isLostConnection(error)) await sleep(clock, acceptRetryMs);
      }
    }
  }

  async #meet(peer: Deno.TcpConn): Promise<void> {
    const { log } = this.#options;
    try {
      this.#outcome.resolve(await this.#answer(peer));
    } catch (error) {
      if (++this.#inVain <= toldMax && !this.#isOver) {
        const { hostname: from } = peer.remoteAddr;
        // An operation that was canceled tells nobody anything.
        const reason = error instanceof Deno.errors.Interrupted
          ? "it said nothing"
          : messageOf(error);
        log.warn("Somebody came and did not join", { from, reason });
      }
    } finally {
      this.#peers.close(peer);
      if (this.#wrongTries >= wrongTriesMax) {
        this.#end(
          `${wrongTriesMax} wrong tokens came: the invitation is withdrawn; rpc keys invite`,
        );
      }
    }
  }

  /** Who the peer is, once it has its certificate. */
  async #answer(peer: Deno.TcpConn): Promise<Joined> {
    const { token, authority, sign, clock } = this.#options;
    const { name, request, proof, mayDiffer, confirms } = await readJsonLine(peer);
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
    this.#peers.keep(peer);
    let certificate: string;
    try {
      if (!isMachineName(name)) throw new Error("that is no name for a machine");
      certificate = await sign({ name, mayDiffer: mayDiffer === true }, request);
      const body = JSON.stringify({ authority, certificate });
      const answerProof = proofOf(token, joinLabels.answer, proof as string, body);
      await writeJsonLine(peer, { body, proof: answerProof });
    } catch (error) {
      await writeJsonLine(peer, { error: messageOf(error) }).catch(() => {});
      throw error;
    } finally {
      this.#isInUse = false;
    }
    if (confirms === true) await readEnd(peer, name);
    return { name, certificate };
  }

  #end(message: string): void {
    this.#outcome.reject(new CommandError(message));
  }
}

/** @throws {Error} it was cut off, so nobody knows whether its keys came */
async function readEnd(peer: Deno.TcpConn, name: string): Promise<void> {
  const end = await readJsonLine(peer).catch(() => undefined);
  if (end?.["hasKeys"] === true) return;
  throw new Error(`${name} was sent its keys, and did not say that they came`);
}
