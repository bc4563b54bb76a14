import { encodeLong, type LentBytes, spareBuffers } from "../base/spare_buffers.ts";
import type { LongWork } from "../base/system/give_way.ts";
import { LineBuffer } from "./buffers.ts";
import type { LongLine } from "./message.ts";
import { Pieces, type Place } from "./unread/pieces.ts";

/** Where lines go: `write` takes some of the bytes and says how many, as `Deno.Conn` does. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

/** Runs a function later, but soon. */
export type Later = (run: () => void) => void;

/** How an {@link Outbox} writes. */
interface OutboxOptions {
  /** Delays the first write of a burst. @default some microtasks */
  readonly later?: Later | undefined;
  /** Lets other connections run between the writes of a long message. @default none */
  readonly pauses?: LongWork | undefined;
  /**
   * Where long lines go first, one after the other, as they are about to leave: returns what is to
   * be written of a line. @default all of it
   */
  readonly place?: Place | undefined;
  /**
   * A burst is written once it has this length, even if it still grows. @default 2,048 characters
   */
  readonly burstLength?: number | undefined;
}

const encoder = new TextEncoder();

const noBytes = new Uint8Array(0);

/** Enough for the small calls of one turn of the event loop. */
const bufferBytesKept = 192 * 1024;

/**
 * Text that waits behind a write is cut into pieces of about this length. A string cannot be
 * arbitrarily long, and encoding a piece takes as much memory again.
 */
const pieceLength = 256 * 1024;

/**
 * A burst is written once it has this length, even if it still grows: the peer works on its first
 * half while the second is made.
 */
const earlyWriteLength = 2_048;

/**
 * The same for lines that are longer than that by themselves: two or three of them leave together,
 * as a write and the read at the other end cost as much as to move one of them.
 */
const earlyLongLength = 32 * 1024;

/** Up to this size bytes are copied to leave in one write with their line: three take longer. */
const copiedBytesMax = 256 * 1024;

/**
 * Turns lines into few writes: lines that are ready together leave in one write, at six times the
 * rate of a write for each line. The flush waits, microtask by microtask, for as long as lines keep
 * coming, and no longer than until there is enough to begin with. So a single line never waits for
 * company. An owner that makes its lines farther apart hands in a longer delay, `later`.
 */
export class Outbox {
  readonly #sink: Sink;
  readonly #onError: (error: unknown) => void;
  readonly #later: Later | undefined;
  readonly #pauses: LongWork | undefined;
  readonly #burstLength: number;
  readonly #place: Place | undefined;
  /** Lines that were written as bytes. They come first. */
  readonly #lines = new LineBuffer();
  #text = "";
  /** These come before {@link #text}. */
  readonly #pieces = new Pieces();
  #buffer = noBytes;
  /** The bytes that are being written, if they are not in {@link #buffer}. */
  #lent: LentBytes | undefined;
  #state: "idle" | "scheduled" | "writing" | "closed" = "idle";
  #lengthSeen = 0;
  #unwrittenBytes = 0;
  #bytesWritten = 0;
  #waiters: (() => void)[] = [];

  /** @param onError called once, when a write fails; nothing is written any more after that */
  constructor(sink: Sink, onError: (error: unknown) => void, options: OutboxOptions = {}) {
    this.#sink = sink;
    this.#onError = onError;
    this.#later = options.later;
    this.#pauses = options.pauses;
    this.#place = options.place;
    this.#burstLength = options.burstLength ?? earlyWriteLength;
  }

  /** What waits or is being written, in bytes, counting one for each character. */
  get pendingBytes(): number {
    return this.#waitingLength + this.#unwrittenBytes;
  }

  /** All that was ever pushed, counted in the same way. */
  get pushedBytes(): number {
    return this.#bytesWritten + this.pendingBytes;
  }

  /**
   * Memory that waiting lines take: the buffers of long lines are longer than the lines, and the
   * buffer that is being written is held until its last byte is written.
   */
  get heldBytes(): number {
    const text = this.#pieces.length + this.#pieces.slackBytes + this.#text.length;
    const waiting = text + this.#lines.heldBytes;
    if (this.#unwrittenBytes === 0) return waiting;
    return waiting + (this.#lent?.heldBytes ?? this.#buffer.length);
  }

  /** All that was ever written: it stands still if the peer takes nothing. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Takes a line, LF included. After a failure or {@link close} it is dropped. */
  push(line: string | LongLine): void {
    if (this.#state === "closed") return;
    if (typeof line !== "string") return this.#pushLong(line);
    this.#text += line;
    this.#pushed();
  }

  /**
   * Where the next line may be written as bytes, if it is short; tell {@link wrote} then.
   * `undefined`: push it as text, because other text waits.
   */
  get lines(): LineBuffer | undefined {
    if (this.#text !== "" || !this.#pieces.isEmpty || this.#state === "closed") return undefined;
    return this.#lines.hasRoom() ? this.#lines : undefined;
  }

  /** A line was written to {@link lines}. */
  wrote(): void {
    this.#pushed();
  }

  #pushed(): void {
    if (this.#state === "idle") {
      this.#schedule();
    } else if (this.#state === "scheduled") {
      if (this.#readyLength >= this.#burstLength) void this.#write();
    } else if (this.#text.length >= pieceLength) {
      this.#endPiece();
    }
  }

  get #readyLength(): number {
    return this.#text.length + this.#lines.length;
  }

  #pushLong(line: LongLine): void {
    if (this.#place !== undefined) {
      if (this.#text !== "") this.#endPiece();
      this.#pieces.add(line);
    } else {
      this.#text += line.head;
      this.#endPiece();
      this.#pieces.add(line.body);
      this.#text = line.tail;
    }
    if (this.#state === "writing") return;
    const least = Math.max(this.#burstLength, earlyLongLength);
    if (this.#waitingLength >= least) void this.#write();
    else if (this.#state === "idle") this.#schedule();
  }

  #schedule(): void {
    this.#state = "scheduled";
    if (this.#later !== undefined) return this.#later(this.#flush);
    this.#lengthSeen = this.#waitingLength;
    queueMicrotask(this.#flushWhenQuiet);
  }

  get #waitingLength(): number {
    return this.#pieces.length + this.#readyLength;
  }

  #endPiece(): void {
    this.#pieces.add(this.#text);
    this.#text = "";
  }

  /** Begins to write what waits, though more may come. */
  flush(): void {
    this.#flush();
  }

  /** Resolves when nothing waits to be written, or when nothing ever will be. */
  drained(): Promise<void> {
    if (this.#state === "idle" || this.#state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Drops what waits, and all that is pushed later. */
  close(): void {
    this.#state = "closed";
    this.#lines.drop();
    this.#text = "";
    this.#pieces.drop();
    this.#unwrittenBytes = 0;
    this.#settleWaiters();
  }

  readonly #flushWhenQuiet = (): void => {
    if (this.#state !== "scheduled") return;
    if (this.#waitingLength !== this.#lengthSeen) {
      this.#lengthSeen = this.#waitingLength;
      queueMicrotask(this.#flushWhenQuiet);
      return;
    }
    void this.#write();
  };

  readonly #flush = (): void => {
    if (this.#state === "scheduled") void this.#write();
  };

  async #write(): Promise<void> {
    this.#state = "writing";
    try {
      while (this.#hasMore()) {
        const placing = this.#placeNext();
        if (placing !== undefined) await placing;
        if (this.#isClosed()) return;
        const bytes = this.#next();
        this.#unwrittenBytes = bytes.length;
        while (this.#unwrittenBytes > 0) {
          const from = bytes.length - this.#unwrittenBytes;
          const most = this.#pauses?.stepBytes ?? bytes.length;
          const isWhole = from === 0 && bytes.length <= most;
          const part = isWhole ? bytes : bytes.subarray(from, from + most);
          const written = await this.#sink.write(part);
          if (this.#isClosed()) return;
          this.#unwrittenBytes -= written;
          this.#bytesWritten += written;
          if (this.#unwrittenBytes > 0 && await this.#givesWay(written)) return;
        }
        this.#letGo();
      }
      this.#state = "idle";
      this.#settleWaiters();
    } catch (error) {
      if (this.#isClosed()) return;
      this.close();
      this.#onError(error);
    }
  }

  /** Pauses if enough was written. Returns whether the outbox was closed meanwhile. */
  async #givesWay(written: number): Promise<boolean> {
    await this.#pauses?.after(written);
    return this.#isClosed();
  }

  /** A method, because the compiler cannot see that the state changes while `#write` waits. */
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Places the long lines that leave next. Returns a promise if that takes its time. */
  #placeNext(): Promise<void> | undefined {
    if (this.#place === undefined || this.#lines.length > 0) return undefined;
    return this.#pieces.placeNext(this.#place, copiedBytesMax);
  }

  /** The bytes to write next. */
  #next(): Uint8Array {
    if (this.#lines.length > 0) return this.#takeLines();
    if (this.#pieces.isEmpty) return this.#encode(this.#takePiece() as string);
    const first = this.#takePiece();
    if (typeof first !== "string" && first.length > copiedBytesMax) {
      this.#lent = first;
      return first.bytes;
    }
    const parts = [first];
    let length = first.length;
    while (this.#hasMore()) {
      length += this.#pieces.nextLength ?? this.#text.length;
      if (length > copiedBytesMax) break;
      parts.push(this.#takePiece());
    }
    return typeof first === "string" && parts.length === 1
      ? this.#encode(first)
      : this.#encodeAll(parts);
  }

  /** What was written as bytes, and with it the text behind, unless that is long. */
  #takeLines(): Uint8Array {
    const lines = this.#lines.take();
    const bytesMax = lines.length + this.#text.length * 3;
    if (this.#text === "" || !this.#pieces.isEmpty || bytesMax > bufferBytesKept) return lines;
    this.#makeRoom(bytesMax);
    this.#buffer.set(lines);
    const text = this.#takePiece() as string;
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(lines.length));
    return this.#buffer.subarray(0, lines.length + written);
  }

  #hasMore(): boolean {
    return this.#text !== "" || this.#lines.length > 0 || !this.#pieces.isEmpty;
  }

  #takePiece(): string | LentBytes {
    const piece = this.#pieces.take();
    if (piece !== undefined) return piece;
    const text = this.#text;
    this.#text = "";
    return text;
  }

  #encode(text: string): Uint8Array {
    const bytesMax = text.length * 3;
    if (bytesMax > bufferBytesKept) {
      spareBuffers.give(this.#buffer);
      const bytes = encodeLong(text);
      this.#buffer = new Uint8Array(bytes.buffer);
      return bytes;
    }
    this.#makeRoom(bytesMax);
    const { written } = encoder.encodeInto(text, this.#buffer);
    return this.#buffer.subarray(0, written);
  }

  #encodeAll(parts: readonly (string | LentBytes)[]): Uint8Array {
    this.#makeRoom(parts.reduce((bytes, part) => bytes + bytesMaxOf(part), 0));
    let at = 0;
    for (const part of parts) {
      if (typeof part === "string") {
        at += encoder.encodeInto(part, this.#buffer.subarray(at)).written;
      } else {
        this.#buffer.set(part.bytes, at);
        at += part.length;
        part.letGo();
      }
    }
    return this.#buffer.subarray(0, at);
  }

  #makeRoom(bytes: number): void {
    if (this.#buffer.length >= bytes) return;
    const least = Math.max(bytes, this.#buffer.length * 2);
    spareBuffers.give(this.#buffer);
    this.#buffer = spareBuffers.take(least);
  }

  /** An idle connection does not keep the buffer of a large burst. */
  #letGo(): void {
    this.#lent?.letGo();
    this.#lent = undefined;
    this.#lines.release();
    if (this.#buffer.length <= bufferBytesKept) return;
    spareBuffers.give(this.#buffer);
    this.#buffer = noBytes;
  }

  #settleWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

function bytesMaxOf(part: string | LentBytes): number {
  return typeof part === "string" ? part.length * 3 : part.length;
}
