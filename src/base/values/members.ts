import { messageOf } from "../errors.ts";

/** Whether a JSON value is an object, and neither an array nor `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The least and the most that something may be. */
export type Bounds = readonly [min: number, max: number];

/** Bounds as the words after "a number": a bound that excludes nothing is left out. */
export function rangeText([min, max]: Bounds): string {
  const hasMin = min > -Number.MAX_VALUE;
  const hasMax = max < Number.MAX_VALUE;
  if (hasMin && hasMax) return ` from ${min} to ${max}`;
  if (hasMin) return ` of at least ${min}`;
  return hasMax ? ` of at most ${max}` : "";
}

/**
 * Reads the members of a JSON object that came from outside, and names the first that is wrong. It
 * is for the files that every `rpc call` reads: loading zod would take longer than the call. Each
 * method throws a {@link TypeError} whose message is `path: what it must be`. For an absent member
 * it returns `fallback`, if that is given.
 */
export class Members {
  readonly #members: Record<string, unknown>;
  readonly #path: string;

  /** @param path where the object is, for messages. @default the outermost object */
  constructor(value: unknown, path = "") {
    this.#path = path;
    if (!isObject(value)) throw new TypeError(`${path === "" ? "" : `${path}: `}must be an object`);
    this.#members = value;
  }

  /** A string whose length, in UTF-16 code units, is within bounds. */
  text(name: string, bounds: Bounds, fallback?: string): string {
    return this.#take(name, fallback, (value) => textWithin(value, bounds));
  }

  /** A finite number within bounds. */
  number(name: string, bounds: Bounds, fallback?: number): number {
    const [min, max] = bounds;
    return this.#take(name, fallback, (value) => {
      // JSON reads -0 and writes 0, so -0 becomes 0 here.
      if (typeof value === "number" && value >= min && value <= max) return value + 0;
      throw new TypeError(`must be a number${rangeText(bounds)}`);
    });
  }

  /** A whole number within bounds. */
  integer(name: string, bounds: Bounds, fallback?: number): number {
    const value = this.number(name, bounds, fallback);
    if (Number.isInteger(value)) return value;
    throw this.#fault(name, "must be a whole number");
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#take(name, fallback, (value) => {
      if (typeof value === "boolean") return value;
      throw new TypeError("must be true or false");
    });
  }

  /** A list of strings, each within bounds. */
  texts(name: string, countMax: number, bounds: Bounds, fallback?: readonly string[]): string[] {
    const items = this.list(name, countMax, fallback);
    return items.map((item, index) => {
      try {
        return textWithin(item, bounds);
      } catch (error) {
        throw this.#fault(`${name}.${index}`, messageOf(error));
      }
    });
  }

  /** A list of anything. */
  list(name: string, countMax: number, fallback?: readonly unknown[]): readonly unknown[] {
    return this.#take(name, fallback, (value) => {
      if (Array.isArray(value) && value.length <= countMax) return value;
      throw new TypeError(`must be a list of at most ${countMax}`);
    });
  }

  /** The members of an object; `undefined` if that is absent. */
  optionalObject(name: string): Members | undefined {
    const value = this.#members[name];
    return value === undefined ? undefined : new Members(value, this.#pathOf(name));
  }

  #take<Value>(name: string, fallback: Value | undefined, read: (value: unknown) => Value): Value {
    const value = this.#members[name];
    if (value === undefined && fallback !== undefined) return fallback;
    try {
      return read(value);
    } catch (error) {
      throw this.#fault(name, messageOf(error));
    }
  }

  #pathOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #fault(name: string, message: string): TypeError {
    return new TypeError(`${this.#pathOf(name)}: ${message}`);
  }
}

function textWithin(value: unknown, [min, max]: Bounds): string {
  if (typeof value === "string" && value.length >= min && value.length <= max) return value;
  throw new TypeError(`must be a text of ${min} to ${max} characters`);
}
