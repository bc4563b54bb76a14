import type { Candidates } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";

/** The endpoints of one priority. Adding and removing take constant time. */
export class PriorityLevel implements Candidates {
  readonly #items: Endpoint[] = [];
  /** The rows of {@link items}, so that a pick does not touch other endpoints' objects. */
  readonly #rows: number[] = [];
  #weightMin = Infinity;
  #weightMax = 0;

  get items(): readonly Endpoint[] {
    return this.#items;
  }

  get rows(): readonly number[] {
    return this.#rows;
  }

  /** A lower bound: it is not raised when the lightest endpoint goes. */
  get weightMin(): number {
    return this.#weightMin;
  }

  /** An upper bound: it is not lowered when the heaviest endpoint goes. */
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

  /** Removes an endpoint. The last one takes its place. */
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
