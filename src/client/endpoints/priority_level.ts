import type { Candidates } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";

/** The endpoints of one priority. Adding and removing cost the same in any list. */
export class PriorityLevel implements Candidates {
  readonly #items: Endpoint[] = [];
  /**
   * The rows of {@link items}, side by side: a pick looks at no endpoint but the one that it takes.
   */
  readonly #rows: number[] = [];
  #weightMin = Infinity;
  #weightMax = 0;

  get items(): readonly Endpoint[] {
    return this.#items;
  }

  get rows(): readonly number[] {
    return this.#rows;
  }

  /**
   * Not raised when the lightest goes, until the list is empty: it only spares looks at equal
   * weights.
   */
  get weightMin(): number {
    return this.#weightMin;
  }

  /**
   * Not lowered when the heaviest goes, until the list is empty: drawing only needs an upper bound.
   */
  get weightMax(): number {
    return this.#weightMax;
  }

  get size(): number {
    return this.#items.length;
  }

  add(endpoint: Endpoint): void {
    endpoint.index = this.#items.length;
    this.#items.push(endpoint);
    this.#rows.push(endpoint.row);
    this.#weightMin = Math.min(this.#weightMin, endpoint.weight);
    this.#weightMax = Math.max(this.#weightMax, endpoint.weight);
  }

  /** Weights have changed. */
  reweighed(): void {
    this.#weightMin = this.#items.reduce((min, { weight }) => Math.min(min, weight), Infinity);
    this.#weightMax = this.#items.reduce((max, { weight }) => Math.max(max, weight), 0);
  }

  /** The last one takes its place. */
  remove(endpoint: Endpoint): void {
    const last = this.#items.pop() as Endpoint;
    const row = this.#rows.pop() as number;
    if (last !== endpoint) {
      this.#items[endpoint.index] = last;
      this.#rows[endpoint.index] = row;
      last.index = endpoint.index;
    }
    if (this.#items.length > 0) return;
    this.#weightMin = Infinity;
    this.#weightMax = 0;
  }
}
