import { spareBuffersBytesMax } from "./limits.ts";

/** A smaller one is made as fast as it is found. */
const bytesMin = 64 * 1024;

/**
 * Buffers for long messages, which whoever is done with one leaves to the next: to have the system
 * make a large one, page by page, takes longer than to fill it. So a connection keeps none while
 * nothing long is under way, and one that moves much gets the same ones again and again.
 */
export class SpareBuffers {
  readonly #bytesMax: number;
  /** Those given back last are the last. */
  #buffers: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** @param bytesMax what all that nobody uses may take together */
  constructor(bytesMax = spareBuffersBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** What all that nobody uses take together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of so many bytes or more, in which there may be anything. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const index = this.#buffers.findLastIndex(({ length }) => length >= bytes);
    if (index === -1) return new Uint8Array(roundedUp(bytes));
    const [buffer] = this.#buffers.splice(index, 1) as [Uint8Array<ArrayBuffer>];
    this.#bytes -= buffer.length;
    return buffer;
  }

  /** Nobody uses it any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length < bytesMin || buffer.length > this.#bytesMax) return;
    this.#buffers.push(buffer);
    this.#bytes += buffer.length;
    while (this.#bytes > this.#bytesMax) {
      this.#bytes -= (this.#buffers.shift() as Uint8Array).length;
    }
  }
}

/** Those of this process. */
export const spareBuffers: SpareBuffers = new SpareBuffers();

const utf8 = new TextEncoder();

/**
 * Hands a text's bytes in UTF-8 to `use`, which may not keep them: in a buffer that is there
 * already where the text is long enough for that to pay, and not too long for one to be kept.
 */
export function withEncoded<Result>(text: string, use: (bytes: Uint8Array) => Result): Result {
  const longest = text.length * 3;
  if (longest < bytesMin || longest > spareBuffersBytesMax) return use(utf8.encode(text));
  const buffer = spareBuffers.take(longest);
  const { written } = utf8.encodeInto(text, buffer);
  try {
    return use(buffer.subarray(0, written));
  } finally {
    spareBuffers.give(buffer);
  }
}

/** The next power of two, so that what was made for one message is good for others like it. */
function roundedUp(bytes: number): number {
  return bytes <= bytesMin ? bytes : 2 ** Math.ceil(Math.log2(bytes));
}
