import type { Clock } from "../../base/clock.ts";
import { orAborted } from "../../base/clock.ts";
import { gatewayCatalogueMs } from "../limits.ts";
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

/** The methods of all servers together. Questions at about the same time share one answer. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  #last: { readonly document: Promise<OpenRpcDocument>; untilMs: number } | undefined;

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
    if (this.#last === undefined || this.#last.untilMs < clock.now()) {
      const asked = { document: this.#ask(), untilMs: Infinity };
      this.#last = asked;
      asked.document.then(
        () => asked.untilMs = clock.now() + gatewayCatalogueMs,
        // A failure is not kept: the next question may find servers.
        () => asked.untilMs = -Infinity,
      );
    }
    return await orAborted(this.#last.document, signal);
  }

  async #ask(): Promise<OpenRpcDocument> {
    const { client, discovery, transport, service, signal } = this.#options;
    const document = await discoverAll(client, discovery, transport, service, signal);
    const methods = document.methods.toSorted((one, other) => one.name < other.name ? -1 : 1);
    return { ...document, methods };
  }
}
