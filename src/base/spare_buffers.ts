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
    const index = this.#smallestOf(bytes);
    if (index === -1) return new Uint8Array(roundedUp(bytes));
    const [buffer] = this.#buffers.splice(index, 1) as [Uint8Array<ArrayBuffer>];
    this.#bytes -= buffer.length;
    return buffer;
  }

  #smallestOf(bytes: number): number {
    let found = -1;
    let least = Infinity;
    for (let i = this.#buffers.length - 1; i >= 0; i--) {
      const { length } = this.#buffers[i] as Uint8Array;
      if (length >= bytes && length < least) [found, least] = [i, length];
    }
    return found;
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

/**
 * Bytes in a spare buffer that several hold at once: whoever lets go last gives it back. To forget
 * to costs nothing but the buffer, so where something may still be at them, they are forgotten.
 */
export class LentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #use: { holders: number };

  /** For one holder, who has to have the buffer for himself. */
  constructor(bytes: Uint8Array<ArrayBuffer>, use = { holders: 1 }) {
    this.bytes = bytes;
    this.#use = use;
  }

  /** How many they are. */
  get length(): number {
    return this.bytes.length;
  }

  /** What they keep from others: the buffer may be twice as long. */
  get heldBytes(): number {
    return this.bytes.buffer.byteLength;
  }

  /** Whether nobody holds them any more. They are somebody else's then. */
  get isGone(): boolean {
    return this.#use.holders === 0;
  }

  /** Some of them, for the same holders. */
  part(start: number, end: number): LentBytes {
    return new LentBytes(this.bytes.subarray(start, end), this.#use);
  }

  /** One more holds them. */
  hold(): void {
    if (this.isGone) throw new Error("Cannot hold bytes that are somebody else's by now");
    this.#use.holders++;
  }

  /** One of those who hold them does so no more. */
  letGo(): void {
    if (this.isGone || --this.#use.holders > 0) return;
    spareBuffers.give(new Uint8Array(this.bytes.buffer));
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
  if (text.length * 3 < bytesMin) return use(utf8.encode(text));
  const bytes = encodeLong(text);
  try {
    return use(bytes);
  } finally {
    spareBuffers.give(new Uint8Array(bytes.buffer));
  }
}

/** A text's bytes in UTF-8, in a buffer to be given back. */
export function encodeLong(text: string): Uint8Array<ArrayBuffer> {
  // As if it were ASCII, as most of what is long: room for three bytes each is rarely needed.
  const buffer = spareBuffers.take(text.length);
  const { read, written } = utf8.encodeInto(text, buffer);
  if (read === text.length) return buffer.subarray(0, written);
  const larger = spareBuffers.take(written + (text.length - read) * 3);
  larger.set(buffer.subarray(0, written));
  spareBuffers.give(buffer);
  const rest = utf8.encodeInto(text.slice(read), larger.subarray(written));
  return larger.subarray(0, written + rest.written);
}

/**
 * The next power of two, so that what was made for one message is good for others like it. Of what
 * is not kept it is as many as are needed.
 */
function roundedUp(bytes: number): number {
  return bytes <= bytesMin || bytes > spareBuffersBytesMax
    ? bytes
    : 2 ** Math.ceil(Math.log2(bytes));
}
