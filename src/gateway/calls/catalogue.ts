import type { Clock } from "../../base/clock.ts";
import { orAborted, sleep } from "../../base/clock.ts";
import { gatewayCatalogueMs, gatewayCatalogueWaitMs } from "../limits.ts";
import type { Client } from "../../client/client.ts";
import type { Transport } from "../../client/transport.ts";
import type { Discovery } from "../../discovery/discovery.ts";
import { discoverAll } from "../../library/survey/discover.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";

/** What a {@link Catalogue} needs. */
interface CatalogueOptions {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly transport: Transport;
  readonly service: string;
  readonly clock: Clock;
  /** Cancels the questions under way. */
  readonly signal: AbortSignal;
}

/**
 * The methods of all servers together. Questions at about the same time share one answer. While a
 * server hangs, they get what is known, and later ones what the others say.
 */
export class Catalogue {
  readonly #options: CatalogueOptions;
  #last: { readonly document: Promise<OpenRpcDocument>; untilMs: number } | undefined;
  /** What the servers said last; `undefined` if they said nothing then. */
  #known: OpenRpcDocument | undefined;

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /**
   * The document of all methods, sorted by name.
   *
   * @throws {RpcError} no server answers
   */
  async document(signal?: AbortSignal): Promise<OpenRpcDocument> {
    const { clock } = this.#options;
    const fresh = this.#fresh;
    if (fresh !== undefined && signal?.aborted !== true) return fresh;
    if (this.#last === undefined || this.#last.untilMs < clock.now()) {
      const asked = { document: this.#ask(), untilMs: Infinity };
      this.#last = asked;
      asked.document.then((document) => {
        asked.untilMs = clock.now() + gatewayCatalogueMs;
        this.#known = document;
      }, () => {
        // A failure is not kept: the next question may find servers.
        asked.untilMs = -Infinity;
        this.#known = undefined;
      });
    }
    return await orAborted(this.#soon(this.#last.document), signal);
  }

  /** What the servers said just now; `undefined`: they have to be asked. */
  get #fresh(): OpenRpcDocument | undefined {
    const untilMs = this.#last?.untilMs ?? Infinity;
    const isFresh = untilMs !== Infinity && untilMs >= this.#options.clock.now();
    return isFresh ? this.#known : undefined;
  }

  /** The document, or what is known instead where it takes long. */
  async #soon(document: Promise<OpenRpcDocument>): Promise<OpenRpcDocument> {
    const known = this.#known;
    if (known === undefined) return await document;
    const enough = new AbortController();
    const late = sleep(this.#options.clock, gatewayCatalogueWaitMs, enough.signal);
    try {
      return await Promise.race([document, late.then(() => known)]);
    } finally {
      enough.abort();
    }
  }

  async #ask(): Promise<OpenRpcDocument> {
    const { client, discovery, transport, service, signal } = this.#options;
    const document = await discoverAll(client, discovery, transport, service, signal);
    const methods = document.methods.toSorted((one, other) => one.name < other.name ? -1 : 1);
    return { ...document, methods };
  }
}
