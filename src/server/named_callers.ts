/** Somebody who has keys, however many connections he makes. */
interface NamedCaller {
  readonly name: string;
}

/** Callers by name: connections of one caller share what one caller may have. */
export class NamedCallers {
  /** Only callers with a certificate are kept: no more than the cluster has members. */
  readonly #byName = new Map<string, NamedCaller>();

  /** The caller of a name, always the same. */
  of(name: string): NamedCaller {
    let caller = this.#byName.get(name);
    if (caller === undefined) this.#byName.set(name, caller = { name });
    return caller;
  }
}
