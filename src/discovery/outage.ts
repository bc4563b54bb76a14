import type { RpcError } from "../base/errors.ts";

/** Reports the first failure of each outage and its end, of something that is tried repeatedly. */
export class Outage {
  readonly #tell: (error: RpcError) => void;
  readonly #tellEnd: () => void;
  #state: "over" | "told" | "passing" | "closed" = "over";
  /** What was told last. */
  #told = "";

  constructor(tell: (error: RpcError) => void, tellEnd: () => void = () => {}) {
    this.#tell = tell;
    this.#tellEnd = tellEnd;
  }

  /** Something failed. */
  failed(error: RpcError): void {
    if (this.#state === "told" || this.#state === "closed") return;
    const isKnown = this.#state === "passing" && error.message === this.#told;
    this.#state = "told";
    this.#told = error.message;
    if (!isKnown) this.#tell(error);
  }

  /** It may work again: a further failure is reported if it is another one. */
  passing(): void {
    if (this.#state === "told") this.#state = "passing";
  }

  /** It works again: the next failure begins a new outage. */
  recovered(): void {
    if (this.#state !== "told" && this.#state !== "passing") return;
    this.#state = "over";
    this.#tellEnd();
  }

  /** Reports nothing any more. */
  close(): void {
    this.#state = "closed";
  }
}
