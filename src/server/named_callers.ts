/** A caller with keys, over all its connections. */
interface NamedCaller {
  readonly name: string;
}

/** Callers by name: the connections of one caller share its bounds. */
export class NamedCallers {
  /** Only callers with a certificate, so no more than the cluster has members. */
  readonly #byName = new Map<string, NamedCaller>();

  /** The caller of a name, always the same object. */
  of(name: string): NamedCaller {
    let caller = this.#byName.get(name);
    if (caller === undefined) this.#byName.set(name, caller = { name });
    return caller;
  }
}
