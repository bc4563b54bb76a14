/**
 * Decides who has a request that was sent to a worker ahead of its turn: the worker, which has
 * begun it, or the server, which takes it back because the request before it takes long. The
 * worker's only thread may be computing, so the two cannot exchange messages: they use a small file
 * that both have open.
 *
 * It holds two numbers, the last request that was begun and the last one that is revoked. The
 * worker writes the first and then reads the second, the server writes the second and then reads
 * the first. The system does writes to one file one after the other, so at least one of the two
 * sees the other's (the way of Dekker's algorithm): a request is never run by two workers, and lost
 * by none.
 *
 * On Linux the file is in memory, and the worker has it in its address space: a claim is two memory
 * accesses instead of three system calls. What the worker has written there stays when it is killed
 * (docs/adr/0049-claims-in-mapped-memory.md).
 */

import { KeptAnswers, keptBytes, readKeptAnswers } from "./kept_answers.ts";
import { mapFile } from "./map_file.ts";
import {
  filePrefix,
  mayUseMemoryFiles,
  memoryDirectory,
  readAt,
  remove,
  writeAt,
} from "./memory_files.ts";

const numberBytes = 8;

/** The two numbers, which were the whole file before answers were kept there too. */
const claimBytes = 2 * numberBytes;

const fileBytes = claimBytes + keptBytes;

/** The worker has not opened the file. */
const absent = -1;

const prefix = filePrefix.claims;

/**
 * The environment variable with the file's path, for a worker. Where the system does not keep the
 * program that it runs, a server whose program was replaced starts workers of another version: if
 * the form of the file changes, so must this name.
 * (`RPC_WORKER_CLAIMS` named a file of floating-point numbers.)
 */
export const claimFileVariable = "RPC_WORKER_CLAIM_FILE";

/** The server's side. */
export class ClaimFile {
  readonly path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Makes the file. `undefined` if that fails: then no requests can be sent ahead.
   *
   * @param directories where to try, one after the other; `undefined` is the system's for temporary
   * files
   */
  static create(directories = claimDirectories()): ClaimFile | undefined {
    for (const dir of directories) {
      let path: string | undefined;
      let file: Deno.FsFile | undefined;
      try {
        path = Deno.makeTempFileSync(dir === undefined ? { prefix } : { dir, prefix });
        file = Deno.openSync(path, { read: true, write: true });
        // Written to its end, since an access to what is not there would kill the worker.
        if (file.writeSync(new Uint8Array(fileBytes)) < fileBytes) throw new Error("No room");
        writeAt(file, 0, absent);
        return new ClaimFile(path, file);
      } catch {
        file?.close();
        if (path !== undefined) remove(path);
      }
    }
    return undefined;
  }

  /** Whether the worker uses the file: other programs do not. */
  get isJoined(): boolean {
    return readAt(this.#file, 0) !== absent;
  }

  /** The id of the request that was begun last. */
  begun(): number {
    return readAt(this.#file, 0);
  }

  /**
   * Takes back all requests up to an id that have not begun. The worker begins none after the
   * returned id. For the others it tells itself which ones it has dropped.
   */
  revoke(upToId: number): number {
    writeAt(this.#file, numberBytes, upToId);
    return readAt(this.#file, 0);
  }

  /** Answers that the worker has not written yet, or is about to, as lines. */
  keptAnswers(): readonly string[] {
    return readKeptAnswers((bytes) => {
      this.#file.seekSync(claimBytes, Deno.SeekMode.Start);
      this.#file.readSync(bytes);
    });
  }

  /** Deletes the file, unless the worker has done that. */
  close(): void {
    this.#file.close();
    // Unless the worker was quicker.
    remove(this.path);
  }
}

/** The worker's side. */
export class Claims {
  readonly #file: Deno.FsFile;
  /** The same two numbers in memory. */
  readonly #mapped: BigInt64Array | undefined;
  /** Where answers may be kept; `undefined`: each has to be written by itself. */
  readonly kept: KeptAnswers | undefined;

  private constructor(file: Deno.FsFile, mapped: ArrayBuffer | undefined) {
    this.#file = file;
    this.#mapped = mapped && new BigInt64Array(mapped, 0, 2);
    const canKeep = mapped !== undefined && mapped.byteLength === fileBytes;
    this.kept = canKeep ? new KeptAnswers(mapped, claimBytes) : undefined;
    writeAt(file, 0, 0);
  }

  /** Opens the file that the server named, if any, and deletes its name. */
  static join(): Claims | undefined {
    const path = Deno.env.get(claimFileVariable);
    if (path === undefined) return undefined;
    // Programs that a procedure starts are not workers of this server.
    Deno.env.delete(claimFileVariable);
    let claims: Claims;
    try {
      const file = Deno.openSync(path, { read: true, write: true });
      // A mapped file on a disk could kill the worker: an access fails with a signal where the disk
      // is full.
      const isInMemory = path.startsWith(`${memoryDirectory}/`);
      // A server whose program is older has a shorter file.
      const bytes = file.statSync().size < fileBytes ? claimBytes : fileBytes;
      claims = new Claims(file, isInMemory ? mapFile(path, bytes)?.buffer : undefined);
    } catch {
      // Somebody has cleaned up the temporary files. The server sends nothing ahead then.
      return undefined;
    }
    // Where a system removes no open file, the server removes it later. The worker must use the
    // file all the same: since it has written a number, the server counts on it.
    remove(path);
    return claims;
  }

  /** Begins a request: `false` if it was revoked, and must not run. Ids count up. */
  claim(id: number): boolean {
    if (this.#mapped === undefined) {
      writeAt(this.#file, 0, id);
      return readAt(this.#file, numberBytes) < id;
    }
    // Atomic accesses are not reordered, and the server's system calls are not either.
    Atomics.store(this.#mapped, 0, BigInt(id));
    return Atomics.load(this.#mapped, 1) < id;
  }

  close(): void {
    this.#file.close();
  }
}

function claimDirectories(): readonly (string | undefined)[] {
  return mayUseMemoryFiles() ? [memoryDirectory, undefined] : [undefined];
}
