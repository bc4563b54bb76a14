/** The loads that clients tell, one for each connection, and their sum. */
export class ToldLoads {
  readonly #loads = new Map<object, number>();
  #sum = 0;

  /** Notes what one connection's client tells, a whole number, and returns the sum of all. */
  tell(connection: object, load: number): number {
    this.#sum += load - (this.#loads.get(connection) ?? 0);
    this.#loads.set(connection, load);
    return this.#sum;
  }

  /** The connection has gone. */
  forget(connection: object): void {
    this.#sum -= this.#loads.get(connection) ?? 0;
    this.#loads.delete(connection);
  }
}
