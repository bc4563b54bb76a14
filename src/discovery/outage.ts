import type { RpcError } from "../base/errors.ts";

/** Says what is wrong once in each outage: who tries again and again would say it as often. */
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

  /** It works again: the next failure begins another outage. */
  recovered(): void {
    if (this.#state === "told") this.#state = "over";
  }

  /** Says nothing any more. */
  close(): void {
    this.#state = "closed";
  }
}
