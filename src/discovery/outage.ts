import type { RpcError } from "../base/errors.ts";

/** Reports only the first failure of each outage, to somebody who tries again and again. */
export class Outage {
  readonly #tell: (error: RpcError) => void;
  #state: "over" | "told" | "closed" = "over";

  constructor(tell: (error: RpcError) => void) {
    this.#tell = tell;
  }

  /** Something failed. */
  failed(error: RpcError): void {
    if (this.#state !== "over") return;
    this.#state = "told";
    this.#tell(error);
  }

  /** It works again: the next failure begins a new outage. */
  recovered(): void {
    if (this.#state === "told") this.#state = "over";
  }

  /** Reports nothing any more. */
  close(): void {
    this.#state = "closed";
  }
}
