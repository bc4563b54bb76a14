import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import { toOpenApi } from "./openapi.ts";

/** The texts of one state of the methods. */
interface Texts {
  readonly document: OpenRpcDocument;
  openRpc?: string;
  /** The OpenAPI document for one origin, which it names. */
  openApi?: { readonly origin: string; readonly text: string };
}

/** The documents of a gateway as texts, which are made once for all who ask meanwhile. */
export class DocumentTexts {
  #last: Texts | undefined;

  /** The methods as OpenRPC. */
  openRpc(document: OpenRpcDocument): string {
    return this.#of(document).openRpc ??= JSON.stringify(document);
  }

  /** The methods as OpenAPI, at that origin. */
  openApi(document: OpenRpcDocument, origin: string): string {
    const texts = this.#of(document);
    if (texts.openApi?.origin !== origin) {
      texts.openApi = { origin, text: JSON.stringify(toOpenApi(document, origin)) };
    }
    return texts.openApi.text;
  }

  #of(document: OpenRpcDocument): Texts {
    if (this.#last?.document !== document) this.#last = { document };
    return this.#last;
  }
}
