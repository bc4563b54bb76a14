/**
 * The long bodies of lines between a server and a worker of ours go through a file in memory: one
 * write and one read, where a pipe takes new pages for each piece, and two processes wait for each
 * other. The lines themselves stay in the pipe, in their order, and say where their bodies are
 * (docs/adr/0053-long-texts-are-copied-once.md).
 *
 * There is a ring for each direction. Who reads a body writes how far it has come, so the other
 * side knows what is free. Nothing is mapped: where the memory is full a write fails, and the line
 * goes through the pipe as a whole.
 */

import { LentBytes, spareBuffers, withEncoded } from "../base/spare_buffers.ts";
import { type AnyLine, decoder } from "../wire/lines.ts";
import type { LongLine } from "../wire/message.ts";
import { mayUseMemoryFiles, memoryDirectory, readAt, remove, writeAt } from "./memory_files.ts";
import { bodyBytesApart, bodyBytesMin, bodyRingBytes } from "./limits.ts";

/**
 * The environment variable with the file's path, for a worker. The file is made when the first long
 * body is on its way. If its form changes, so must this name.
 */
export const bodyFileVariable = "RPC_WORKER_BODY_FILE";

/** Stands around the place of a body. No JSON has this character. */
const mark = "\x01";
const markByte = 0x01;

/** A line whose body is in the file: its place and length, and what comes before and after it. */
const marked = new RegExp(
  `^${mark}(\\d{1,15}),(\\d{1,9})${mark}([^${mark}]*)${mark}([^${mark}]*)$`,
);

/** Where the two counters are, and the rings behind them. */
const numberBytes = 8;
const ringsStart = 4096;

/** The worker has not opened the file. */
const absent = -1;

const encoder = new TextEncoder();

/** One direction. Places count up for ever, and are in the ring modulo its size. */
interface Ring {
  /** Where its reader's counter is. */
  readonly counterAt: number;
  readonly start: number;
}

const toWorker: Ring = { counterAt: 0, start: ringsStart };
const toServer: Ring = { counterAt: numberBytes, start: ringsStart + bodyRingBytes };

/** A line whose body is being read. */
interface Taken {
  /** Where the line is put together, with its head in it. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** The part of it for the body. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly tail: string;
  /** How far the bodies are read then. */
  readonly upTo: number;
}

/** One side of the file. */
export class BodyFile {
  readonly #file: Deno.FsFile;
  /** Where bodies are read: a read by another thread moves its place, and only its. */
  readonly #inFile: Deno.FsFile;
  readonly #out: Ring;
  readonly #in: Ring;
  /** The place behind the last body that was written. */
  #written = 0;
  /** The least that the reader has read up to, as far as is known. */
  #readUpTo = 0;

  private constructor(file: Deno.FsFile, inFile: Deno.FsFile, out: Ring, into: Ring) {
    this.#file = file;
    this.#inFile = inFile;
    this.#out = out;
    this.#in = into;
  }

  /** The server's side: makes the file, for its owner alone. `undefined` if that fails. */
  static create(path: string): BodyFile | undefined {
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
      const inFile = Deno.openSync(path, { read: true, write: true });
      writeAt(file, toWorker.counterAt, absent);
      writeAt(file, toServer.counterAt, 0);
      return new BodyFile(file, inFile, toWorker, toServer);
    } catch {
      if (file !== undefined) remove(path);
      file?.close();
      return undefined;
    }
  }

  /** The worker's side: opens the file and deletes its name. `undefined` if that fails. */
  static join(path: string): BodyFile | undefined {
    try {
      const file = Deno.openSync(path, { read: true, write: true });
      remove(path);
      writeAt(file, toWorker.counterAt, 0);
      return new BodyFile(file, file, toServer, toWorker);
    } catch {
      return undefined;
    }
  }

  /** Whether the worker has it. Asked by the server. */
  get isJoined(): boolean {
    return readAt(this.#file, toWorker.counterAt) !== absent;
  }

  /**
   * Writes a line's body and returns the line for the pipe. The body is let go of. `undefined`:
   * there is no room, and the line has to go as it is.
   */
  put(line: LongLine): string | undefined {
    const { body } = line;
    const isText = typeof body === "string";
    if (body.length < bodyBytesMin || (isText ? body.length * 3 : body.length) > bodyRingBytes) {
      return undefined;
    }
    const place = isText
      ? withEncoded(body, (bytes) => this.#write(bytes))
      : this.#write(body.bytes);
    return place === undefined ? undefined : this.#lineAt(place, line);
  }

  /** {@link put} by another thread, while this one goes on. One at a time. */
  async putApart(line: LongLine<LentBytes>): Promise<string | undefined> {
    const { bytes } = line.body;
    if (bytes.length > bodyRingBytes) return undefined;
    try {
      const place = this.#seek(bytes.length);
      if (place === undefined) return undefined;
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#file.write(rest));
      this.#written = place + bytes.length;
      return this.#lineAt(place, line);
    } catch {
      return undefined;
    }
  }

  #write(bytes: Uint8Array): number | undefined {
    let place: number | undefined;
    try {
      place = this.#seek(bytes.length);
      if (place === undefined) return undefined;
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(this.#file.writeSync(rest));
    } catch {
      // The memory for such files is full.
      return undefined;
    }
    this.#written = place + bytes.length;
    return place;
  }

  /** Goes where so many bytes are to be written; `undefined`: there is no room. */
  #seek(length: number): number | undefined {
    this.#readUpTo = Math.max(this.#readUpTo, readAt(this.#file, this.#out.counterAt));
    const place = this.#placeFor(length);
    if (place === undefined) return undefined;
    this.#file.seekSync(this.#out.start + place % bodyRingBytes, Deno.SeekMode.Start);
    return place;
  }

  /** The line for the pipe of one whose body is in the file. */
  #lineAt(place: number, { head, body, tail }: LongLine): string {
    if (typeof body !== "string") body.letGo();
    return `${mark}${place},${this.#written - place}${mark}${head}${mark}${tail}`;
  }

  /** As near to the ring's beginning as can be: what is never touched takes no memory. */
  #placeFor(length: number): number | undefined {
    const next = Math.ceil(this.#written / bodyRingBytes) * bodyRingBytes;
    if (this.#readUpTo === this.#written) return this.#readUpTo = this.#written = next;
    const end = this.#readUpTo + bodyRingBytes;
    if (next + length <= end) return next;
    return this.#written + length <= Math.min(next, end) ? this.#written : undefined;
  }

  /**
   * Whether a line from the pipe has its body here. It may have stayed bytes, since all lines of a
   * read do in which there is a replacement mark.
   */
  static holdsBodyOf(line: AnyLine): line is string | LentBytes {
    if (typeof line === "string") return line.startsWith(mark);
    return line instanceof LentBytes && line.bytes[0] === markByte;
  }

  /**
   * The whole line, LF excluded, in a spare buffer.
   *
   * @throws {Error} the other side has broken the form
   */
  take(line: string | LentBytes): LentBytes {
    return this.#takeNow(this.#begin(line));
  }

  #takeNow(taken: Taken): LentBytes {
    for (let rest = taken.body; rest.length > 0;) {
      rest = rest.subarray(this.#inFile.readSync(rest) ?? notThere());
    }
    return this.#end(taken);
  }

  /**
   * {@link take}, by another thread if the body is very long, while this one goes on. One at a
   * time.
   *
   * @throws {Error} (or rejects with it) the other side has broken the form
   */
  takeApart(line: string | LentBytes): LentBytes | Promise<LentBytes> {
    const taken = this.#begin(line);
    return taken.body.length < bodyBytesApart ? this.#takeNow(taken) : this.#takeApart(taken);
  }

  async #takeApart(taken: Taken): Promise<LentBytes> {
    for (let rest = taken.body; rest.length > 0;) {
      rest = rest.subarray(await this.#inFile.read(rest) ?? notThere());
    }
    return this.#end(taken);
  }

  /** Goes to where a line's body is, and makes room for the whole line. */
  #begin(line: string | LentBytes): Taken {
    const text = typeof line === "string" ? line : decoder.decode(line.bytes);
    const [, at = "", bytes = "", head = "", tail = ""] = marked.exec(text) ?? [];
    const [place, length] = [Number(at), Number(bytes)];
    const start = place % bodyRingBytes;
    if (at === "" || start + length > bodyRingBytes) throw new Error("it names no place of a body");
    const buffer = spareBuffers.take(head.length * 3 + length + tail.length * 3);
    const bodyAt = encoder.encodeInto(head, buffer).written;
    this.#inFile.seekSync(this.#in.start + start, Deno.SeekMode.Start);
    return { buffer, body: buffer.subarray(bodyAt, bodyAt + length), tail, upTo: place + length };
  }

  #end({ buffer, body, tail, upTo }: Taken): LentBytes {
    const end = body.byteOffset + body.length;
    const { written } = encoder.encodeInto(tail, buffer.subarray(end));
    writeAt(this.#inFile, this.#in.counterAt, upTo);
    return new LentBytes(buffer.subarray(0, end + written));
  }

  close(): void {
    this.#file.close();
    if (this.#inFile !== this.#file) this.#inFile.close();
  }
}

function notThere(): never {
  throw new Error("it names a body that is not there");
}

/**
 * A path for the file of a new worker, which nobody can guess; `undefined` where no files are in
 * memory.
 */
export function newBodyPath(): string | undefined {
  if (!mayUseMemoryFiles()) return undefined;
  return `${memoryDirectory}/rpc-bodies-${crypto.randomUUID()}`;
}
