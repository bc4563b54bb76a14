import type { Candidates } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";

/** The endpoints of one rank. Adding and removing cost the same in any list. */
export class RankList implements Candidates<Endpoint> {
  readonly #items: Endpoint[] = [];
  #weightMax = 0;

  get items(): readonly Endpoint[] {
    return this.#items;
  }

  /** Not lowered when the heaviest goes, until the list is empty: drawing only needs an upper bound. */
  get weightMax(): number {
    return this.#weightMax;
  }

  get size(): number {
    return this.#items.length;
  }

  add(endpoint: Endpoint): void {
    endpoint.index = this.#items.length;
    this.#items.push(endpoint);
    this.#weightMax = Math.max(this.#weightMax, endpoint.weight);
  }

  /** The last one takes its place. */
  remove(endpoint: Endpoint): void {
    const last = this.#items.pop() as Endpoint;
    if (last !== endpoint) {
      this.#items[endpoint.index] = last;
      last.index = endpoint.index;
    }
    if (this.#items.length === 0) this.#weightMax = 0;
  }
}
