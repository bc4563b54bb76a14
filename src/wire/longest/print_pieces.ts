import { textLengthMax } from "../../base/limits.ts";
import { isExactNumber } from "../../base/values/exact_numbers.ts";
import { LentBytes, withEncoded } from "../../base/spare_buffers.ts";
import type { Unprinted } from "../json.ts";
import { isNestedDeeper } from "../nesting.ts";

/** About so many characters are printed at once. */
const pieceLengthDefault = 8 * 1024 * 1024;

const encoder = new TextEncoder();

/** How a value is printed. */
interface PrintOptions {
  /** How deep it may be nested. */
  readonly levels: number;
  /** Most bytes that it may have. */
  readonly bytesMax: number;
  /** About how many characters are printed at once. @default 8 Mi */
  readonly pieceLength?: number | undefined;
  /** Longest text that there can be, in UTF-16 code units. @default textLengthMax */
  readonly textMax?: number | undefined;
  /** What is printed of JSON. @default all of it, as it is */
  readonly dressed?: ((json: string) => string) | undefined;
}

/**
 * Prints a value that is longer as JSON than V8's longest string: as bytes, those of
 * `JSON.stringify`.
 *
 * @param value what JSON can express, as `asJson` makes sure
 */
export function printPieces(
  value: unknown,
  options: PrintOptions,
): LentBytes | Unprinted {
  const printer = new PiecesPrinter(options);
  printer.long(value, options.levels);
  return printer.printed;
}

class PiecesPrinter {
  readonly #pieceLength: number;
  readonly #textMax: number;
  readonly #dressed: PrintOptions["dressed"];
  /** Memory is only taken for what is written to. */
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #isTooDeep = false;

  constructor(
    { bytesMax, pieceLength = pieceLengthDefault, textMax = textLengthMax, dressed }: PrintOptions,
  ) {
    this.#dressed = dressed;
    this.#textMax = textMax;
    this.#buffer = new Uint8Array(bytesMax);
    this.#pieceLength = pieceLength;
  }

  get printed(): LentBytes | Unprinted {
    if (this.#isTooDeep) return { unprinted: "too deep" };
    if (this.#length > this.#buffer.length) return { unprinted: this.#length };
    return new LentBytes(this.#buffer.subarray(0, this.#length));
  }

  /** Prints a value that is too long to be printed at once, maybe together with its name. */
  long(value: unknown, levels: number): void {
    if (typeof value === "string") return this.#text(value);
    if (typeof value !== "object" || value === null || isExactNumber(value)) {
      return this.#add(JSON.stringify(value));
    }
    if (levels === 0) this.#isTooDeep = true;
    if (this.#isTooDeep) return;
    const object = value as Readonly<Record<string, unknown>>;
    if (typeof object["toJSON"] === "function") this.long(object["toJSON"](""), levels);
    else if (Array.isArray(value)) this.#array(value, levels - 1);
    else this.#object(object, levels - 1);
  }

  #array(array: readonly unknown[], levels: number): void {
    this.#add("[");
    this.#parts(array.length, levels, {
      part: (start, end) => array.slice(start, end),
      long: (at) => this.long(array[at], levels),
    });
    this.#add("]");
  }

  #object(object: Readonly<Record<string, unknown>>, levels: number): void {
    const names = Object.keys(object);
    this.#add("{");
    this.#parts(names.length, levels, {
      part(start, end) {
        // Without a prototype, so that no name is taken for one.
        const part: Record<string, unknown> = Object.create(null);
        for (const name of names.slice(start, end)) part[name] = object[name];
        return part;
      },
      long: (at) => {
        const name = names[at] as string;
        this.#text(name);
        this.#add(":");
        this.long(object[name], levels);
      },
    });
    this.#add("}");
  }

  /** Prints members of an array or an object, as many at a time as are about a piece. */
  #parts(
    count: number,
    levels: number,
    members: { part(start: number, end: number): object; long(at: number): void },
  ): void {
    let together = 1;
    let isFirst = true;
    for (let at = 0; at < count;) {
      const json = jsonOf(members.part(at, at + together), this.#textMax);
      if (json === undefined && together > 1) {
        together = 1;
        continue;
      }
      // What is undefined in an object is left out.
      if (json !== "{}") {
        if (!isFirst) this.#add(",");
        isFirst = false;
        if (json === undefined) members.long(at);
        else this.#add(json.slice(1, -1));
        this.#isTooDeep ||= json !== undefined && isNestedDeeper(json, levels + 1);
      }
      at += together;
      const length = json?.length ?? Infinity;
      if (length * 2 < this.#pieceLength) together *= 2;
      else if (length > this.#pieceLength) together = Math.ceil(together / 2);
    }
  }

  #text(text: string): void {
    this.#add('"');
    for (let at = 0; at < text.length;) {
      let end = at + this.#pieceLength;
      // Half of a pair would be escaped.
      if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
      this.#add(JSON.stringify(text.slice(at, end)).slice(1, -1));
      at = end;
    }
    this.#add('"');
  }

  #add(json: string): void {
    const text = this.#dressed?.(json) ?? json;
    const room = this.#buffer.subarray(this.#length);
    const { read, written } = encoder.encodeInto(text, room);
    this.#length += read === text.length ? written : withEncoded(text, ({ length }) => length);
    // Nothing more is kept, but counted.
  }
}

/** `undefined`: it is longer than any text. */
function jsonOf(value: object, textMax: number): string | undefined {
  try {
    const json = JSON.stringify(value);
    return json.length > textMax ? undefined : json;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
