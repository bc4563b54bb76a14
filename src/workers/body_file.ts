/**
 * The way of long lines between a server and its worker: a file in memory, as a pipe takes memory
 * for each 4 KiB and gives it back, and has the two processes wait for each other. A line in the
 * pipe, in its place among the others, says where the whole line is
 * (docs/adr/0060-lines-in-mapped-memory.md).
 *
 * There is a ring for each direction. Who reads a line writes how far it has come, so the other
 * side knows what is free. Both map the file where they can, and touch only what was written to it
 * before: where the memory is full such a write fails, and the line goes through the pipe, while an
 * access to memory would end the process.
 */

import { LentBytes, spareBuffers, withEncoded } from "../base/spare_buffers.ts";
import { longTextLength } from "../wire/codec.ts";
import { type AnyLine, decoder } from "../wire/lines.ts";
import type { LongLine } from "../wire/message.ts";
import { bodyBytesApart, bodyBytesMin, bodyRingBytes, unmappedBodyBytesMin } from "./limits.ts";
import { mapFile, type MappedFile } from "./map_file.ts";
import {
  filePrefix,
  mayUseMemoryFiles,
  memoryDirectory,
  readAt,
  remove,
  writeAt,
} from "./memory_files.ts";

/**
 * The environment variable with the file's path, for a worker. The file is made when the first long
 * line is on its way. If its form changes, so must this name. (`RPC_WORKER_BODY_FILE` named a file
 * in which lines had neither a beginning nor an end.)
 */
export const bodyFileVariable = "RPC_WORKER_LINE_FILE";

/** Begins a line that says where another one is. No JSON has this character. */
const mark = "\x01";
const markByte = 0x01;

/** The place and the length of a line in the file, its LF left out. */
const marked = new RegExp(`^${mark}(\\d{1,15}),(\\d{1,9})$`);

/** Where the two counters are, and the rings behind them. */
const numberBytes = 8;
const ringsStart = 4096;
const fileBytesMax = ringsStart + 2 * bodyRingBytes;

/** The worker has not opened the file. */
const absent = -1;

/** From this place on they begin anew as soon as all is read: others have too many digits. */
const placeMax = 2 ** 49;

const encoder = new TextEncoder();

/** Where lines are copied that become text: nobody may change them while they are decoded. */
const textBuffer = new Uint8Array(longTextLength);

/** One direction. Places count up for ever, and are in the ring modulo its size. */
interface Ring {
  /** Where its reader's counter is. */
  readonly counterAt: number;
  readonly start: number;
}

const toWorker: Ring = { counterAt: 0, start: ringsStart };
const toServer: Ring = { counterAt: numberBytes, start: ringsStart + bodyRingBytes };

/** A line that is being read. */
interface Taken {
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Where it begins in the file. */
  readonly at: number;
  /** How far lines are read then. */
  readonly upTo: number;
}

/** One side of the file. */
export class BodyFile {
  readonly #file: Deno.FsFile;
  /** Where lines are read: a read by another thread moves its place, and only its. */
  readonly #inFile: Deno.FsFile;
  readonly #mapped: MappedFile | undefined;
  /** The same memory, and the two counters in it. */
  #memory: Uint8Array<ArrayBuffer> | undefined;
  #counters: BigInt64Array | undefined;
  readonly #out: Ring;
  readonly #in: Ring;
  /** The place behind the last line that was written. */
  #written = 0;
  /** The least that the reader has read up to, as far as is known. */
  #readUpTo = 0;
  /** From the beginning of the ring up to here there is memory. */
  #thereUpTo: number;
  /** The file was at least that long. */
  #bytesSeen = 0;

  private constructor(file: Deno.FsFile, inFile: Deno.FsFile, path: string, out: Ring, into: Ring) {
    this.#file = file;
    this.#inFile = inFile;
    this.#mapped = mapFile(path, fileBytesMax);
    if (this.#mapped !== undefined) {
      this.#memory = new Uint8Array(this.#mapped.buffer);
      this.#counters = new BigInt64Array(this.#mapped.buffer, 0, 2);
    }
    this.#out = out;
    this.#in = into;
    this.#thereUpTo = out.start;
  }

  /** The server's side: makes the file, for its owner alone. `undefined` if that fails. */
  static create(path: string): BodyFile | undefined {
    // The worker may look for it at any time, and deletes the name that it finds.
    const early = `${path}-early`;
    let file: Deno.FsFile | undefined;
    let inFile: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(early, { read: true, write: true, createNew: true, mode: 0o600 });
      inFile = Deno.openSync(early, { read: true, write: true });
      writeAt(file, toWorker.counterAt, absent);
      writeAt(file, toServer.counterAt, 0);
      Deno.linkSync(early, path);
      return new BodyFile(file, inFile, early, toWorker, toServer);
    } catch {
      file?.close();
      inFile?.close();
      return undefined;
    } finally {
      if (file !== undefined) remove(early);
    }
  }

  /** The worker's side: opens the file and deletes its name. `undefined` if that fails. */
  static join(path: string): BodyFile | undefined {
    try {
      const file = Deno.openSync(path, { read: true, write: true });
      const joined = new BodyFile(file, file, path, toServer, toWorker);
      remove(path);
      writeAt(file, toWorker.counterAt, 0);
      return joined;
    } catch {
      return undefined;
    }
  }

  /** Whether the worker has it. Asked by the server. */
  get isJoined(): boolean {
    return this.#counter(toWorker) !== absent;
  }

  /**
   * Writes a line and returns the one for the pipe. Its bytes are let go of. `undefined`: it is
   * short, or there is no room, and it has to go as it is.
   */
  put(line: string | LongLine): string | undefined {
    const least = this.#memory === undefined ? unmappedBodyBytesMin : bodyBytesMin;
    if (line.length < least) return undefined;
    const parts = typeof line === "string" ? [line] : [line.head, line.body, line.tail];
    try {
      const place = this.#roomFor(parts);
      if (place === undefined) return undefined;
      let end = place;
      for (const part of parts) end += this.#write(end, part);
      return this.#lineAt(place, end, line);
    } catch {
      // The memory for such files is full.
      return undefined;
    }
  }

  /** {@link put} by another thread, while this one goes on. One at a time. */
  async putApart(line: LongLine<LentBytes>): Promise<string | undefined> {
    const { head, body, tail } = line;
    try {
      const place = this.#roomFor([head, body, tail]);
      if (place === undefined) return undefined;
      const start = place + this.#write(place, head);
      this.#file.seekSync(this.#offsetOf(start), Deno.SeekMode.Start);
      for (let rest = body.bytes; rest.length > 0;) {
        rest = rest.subarray(await this.#file.write(rest));
      }
      this.#thereUpTo = Math.max(this.#thereUpTo, this.#offsetOf(start) + body.length);
      const end = start + body.length;
      return this.#lineAt(place, end + this.#write(end, tail), line);
    } catch {
      return undefined;
    }
  }

  /** The place of a line in the ring; `undefined`: there is no room. */
  #roomFor(parts: readonly (string | LentBytes)[]): number | undefined {
    const bytesMax = parts.reduce((sum, part) => sum + bytesMaxOf(part), 0);
    if (bytesMax > bodyRingBytes) return undefined;
    this.#readUpTo = Math.max(this.#readUpTo, this.#counter(this.#out));
    return this.#placeFor(bytesMax);
  }

  /** The line for the pipe of one that is in the file. */
  #lineAt(place: number, end: number, line: string | LongLine): string {
    this.#written = end;
    if (typeof line !== "string" && typeof line.body !== "string") line.body.letGo();
    return `${mark}${place},${end - place - 1}\n`;
  }

  #offsetOf(place: number): number {
    return this.#out.start + place % bodyRingBytes;
  }

  /** Writes a part and returns its length. */
  #write(place: number, part: string | LentBytes): number {
    const at = this.#offsetOf(place);
    if (typeof part !== "string") return this.#writeBytes(at, part.bytes);
    const memory = this.#memoryOf(at, part.length);
    if (memory !== undefined) {
      const { read, written } = encoder.encodeInto(part, memory);
      if (read === part.length) return written;
    }
    return withEncoded(part, (bytes) => this.#writeBytes(at, bytes));
  }

  #writeBytes(at: number, bytes: Uint8Array): number {
    const memory = this.#memoryOf(at, bytes.length);
    if (memory !== undefined) {
      memory.set(bytes);
    } else {
      this.#file.seekSync(at, Deno.SeekMode.Start);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
      this.#thereUpTo = Math.max(this.#thereUpTo, at + bytes.length);
    }
    return bytes.length;
  }

  /** Memory to write to, if there is any. */
  #memoryOf(at: number, bytes: number): Uint8Array | undefined {
    return at + bytes <= this.#thereUpTo ? this.#memory?.subarray(at, at + bytes) : undefined;
  }

  /** As near to the ring's beginning as can be: what is never touched takes no memory. */
  #placeFor(length: number): number | undefined {
    let next = Math.ceil(this.#written / bodyRingBytes) * bodyRingBytes;
    if (this.#readUpTo === this.#written) {
      if (next >= placeMax) {
        next = 0;
        this.#setCounter(this.#file, this.#out, next);
      }
      return this.#readUpTo = this.#written = next;
    }
    const end = this.#readUpTo + bodyRingBytes;
    if (next + length <= end) return next;
    return this.#written + length <= Math.min(next, end) ? this.#written : undefined;
  }

  /**
   * Whether a line from the pipe says where another one is. It may have stayed bytes, since all
   * lines of a read do in which there is a replacement mark.
   */
  static holdsBodyOf(line: AnyLine): line is string | LentBytes {
    if (typeof line === "string") return line.startsWith(mark);
    return line instanceof LentBytes && line.bytes[0] === markByte;
  }

  /**
   * The whole line, LF excluded: a long one in a spare buffer.
   *
   * @param bytesMax longest line, LF included
   * @throws {Error} the other side has broken the form
   */
  take(line: string | LentBytes, bytesMax?: number): LentBytes {
    return this.#takeNow(this.#begin(line, bytesMax));
  }

  /**
   * {@link take}, by another thread if the line is very long, while this one goes on. One at a
   * time.
   *
   * @throws {Error} (or rejects with it) the other side has broken the form
   */
  takeApart(line: string | LentBytes, bytesMax: number): LentBytes | Promise<LentBytes> {
    const taken = this.#begin(line, bytesMax);
    const isApart = taken.buffer.length >= bodyBytesApart;
    return isApart ? this.#takeApart(taken) : this.#takeNow(taken);
  }

  /** Finds a line, and makes room for it. */
  #begin(line: string | LentBytes, bytesMax = Infinity): Taken {
    const text = typeof line === "string" ? line : decoder.decode(line.bytes);
    const [, count = "", bytes = ""] = marked.exec(text) ?? [];
    const [place, length] = [Number(count), Number(bytes)];
    const start = place % bodyRingBytes;
    if (count === "" || start + length > bodyRingBytes) {
      throw new Error("it names no place of a line");
    }
    if (length >= bytesMax) throw new Error(`it wrote a line of more than ${bytesMax} bytes`);
    const at = this.#in.start + start;
    const end = at + length;
    if (end > this.#bytesSeen) this.#bytesSeen = this.#inFile.statSync().size;
    if (end > this.#bytesSeen) notThere();
    const buffer = length > textBuffer.length ? spareBuffers.take(length) : textBuffer;
    return { buffer: buffer.subarray(0, length), at, upTo: place + length + 1 };
  }

  #takeNow(taken: Taken): LentBytes {
    const { buffer, at } = taken;
    if (this.#memory !== undefined) {
      buffer.set(this.#memory.subarray(at, at + buffer.length));
    } else {
      this.#inFile.seekSync(at, Deno.SeekMode.Start);
      for (let rest = buffer; rest.length > 0;) {
        rest = rest.subarray(this.#inFile.readSync(rest) ?? notThere());
      }
    }
    return this.#end(taken);
  }

  async #takeApart(taken: Taken): Promise<LentBytes> {
    this.#inFile.seekSync(taken.at, Deno.SeekMode.Start);
    for (let rest = taken.buffer; rest.length > 0;) {
      rest = rest.subarray(await this.#inFile.read(rest) ?? notThere());
    }
    return this.#end(taken);
  }

  #end({ buffer, upTo }: Taken): LentBytes {
    this.#setCounter(this.#inFile, this.#in, upTo);
    return new LentBytes(buffer);
  }

  #counter({ counterAt }: Ring): number {
    return this.#counters === undefined
      ? readAt(this.#file, counterAt)
      : Number(Atomics.load(this.#counters, counterAt / numberBytes));
  }

  #setCounter(file: Deno.FsFile, { counterAt }: Ring, value: number): void {
    if (this.#counters === undefined) writeAt(file, counterAt, value);
    else Atomics.store(this.#counters, counterAt / numberBytes, BigInt(value));
  }

  close(): void {
    this.#file.close();
    if (this.#inFile !== this.#file) this.#inFile.close();
    // Another thread may still copy, and what follows that must not touch the memory.
    this.#memory = undefined;
    this.#counters = undefined;
    this.#mapped?.unmap();
  }
}

function notThere(): never {
  throw new Error("it names a line that is not there");
}

function bytesMaxOf(part: string | LentBytes): number {
  return typeof part === "string" ? part.length * 3 : part.length;
}

/**
 * A path for the file of a new worker, which nobody can guess; `undefined` where no files are in
 * memory.
 */
export function newBodyPath(): string | undefined {
  if (!mayUseMemoryFiles()) return undefined;
  return `${memoryDirectory}/${filePrefix.bodies}${crypto.randomUUID()}`;
}
