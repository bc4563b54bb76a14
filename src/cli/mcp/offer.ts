import { type Clock, orAborted } from "../../base/clock.ts";
import type { Tool } from "../../gateway/agents/tools.ts";
import { mcpOfferMsMax } from "../limits.ts";

/**
 * What servers offer to an agent. To ask takes a connection to each server that does not list its
 * methods, so it is asked once for all calls until a server has changed.
 */
export class Offer {
  readonly #ask: () => Promise<readonly Tool[]>;
  readonly #clock: Clock;
  #last: { readonly tools: Promise<readonly Tool[]>; readonly untilMs: number } | undefined;

  /** @param ask asks the servers */
  constructor(ask: () => Promise<readonly Tool[]>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The tools, from now or from before. @throws {RpcError} no server answers */
  tools(signal: AbortSignal): Promise<readonly Tool[]> {
    const nowMs = this.#clock.now();
    if (this.#last === undefined || nowMs >= this.#last.untilMs) {
      const asked = this.#last = { tools: this.#ask(), untilMs: nowMs + mcpOfferMsMax };
      // The next one may find servers.
      asked.tools.catch(() => {
        if (this.#last === asked) this.#last = undefined;
      });
    }
    return orAborted(this.#last.tools, signal);
  }

  /** A server has come, gone or changed. */
  forget(): void {
    this.#last = undefined;
  }
}
