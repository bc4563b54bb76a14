/**
 * Who has a request that was sent to a worker ahead of its turn: the worker, which has begun it, or
 * the server, which wants it back because the one before it takes long. Both must decide while the
 * worker's only thread computes, so neither can be asked: they look at a small file that both have
 * open.
 *
 * It holds two numbers, the last request that was begun and the last one that is revoked. The
 * worker writes the first and then reads the second, the server writes the second and then reads
 * the first. The system does writes to one file one after the other, so at least one of the two
 * sees the other's (the way of Dekker's algorithm): a request is never run by two workers, and lost
 * by none.
 *
 * A file, since processes of Deno share no memory. It is 16 bytes long and its writes stay in
 * memory.
 */

const numberBytes = 8;

/** The worker has not opened the file. */
const absent = -1;

/** Where a server says where the file is, to the worker that it starts. */
export const claimFileVariable = "RPC_WORKER_CLAIMS";

/** The server's side. */
export class ClaimFile {
  readonly path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /** Makes the file. `undefined` if that cannot be: then nothing can be sent ahead. */
  static create(): ClaimFile | undefined {
    try {
      const path = Deno.makeTempFileSync({ prefix: "rpc-claims-" });
      const file = Deno.openSync(path, { read: true, write: true });
      writeAt(file, 0, absent);
      writeAt(file, numberBytes, 0);
      return new ClaimFile(path, file);
    } catch {
      return undefined;
    }
  }

  /** Whether the worker takes part, which a program of somebody else's does not. */
  get isJoined(): boolean {
    return readAt(this.#file, 0) !== absent;
  }

  /** The id of the request that was begun last. */
  begun(): number {
    return readAt(this.#file, 0);
  }

  /**
   * Takes back all requests up to an id that are not begun. Returns the id after which the worker
   * begins none of them; of those before it, the worker says itself which it has let go of.
   */
  revoke(upToId: number): number {
    writeAt(this.#file, numberBytes, upToId);
    return readAt(this.#file, 0);
  }

  /** Removes the file, unless the worker has done that. */
  close(): void {
    this.#file.close();
    try {
      Deno.removeSync(this.path);
    } catch {
      // The worker was quicker.
    }
  }
}

/** The worker's side. */
export class Claims {
  readonly #file: Deno.FsFile;
  readonly #number = new Float64Array(1);
  readonly #bytes = new Uint8Array(this.#number.buffer);

  private constructor(file: Deno.FsFile) {
    this.#file = file;
    writeAt(file, 0, 0);
  }

  /** Opens the file that the server named, if it named one, and removes its name. */
  static join(): Claims | undefined {
    const path = Deno.env.get(claimFileVariable);
    if (path === undefined) return undefined;
    // What a procedure starts is no worker of this server.
    Deno.env.delete(claimFileVariable);
    let claims: Claims;
    try {
      claims = new Claims(Deno.openSync(path, { read: true, write: true }));
    } catch {
      // Somebody has tidied up the temporary files. The server sends nothing ahead then.
      return undefined;
    }
    try {
      Deno.removeSync(path);
    } catch {
      // A system that removes no open file. The server does it then; and from the first number that
      // was written it knows of a worker that takes part, so this one has to.
    }
    return claims;
  }

  /** Begins a request: `false` if it was revoked, and must not run. Ids count up. */
  claim(id: number): boolean {
    this.#number[0] = id;
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(this.#bytes);
    // The next number is the one that the server writes.
    this.#file.readSync(this.#bytes);
    return this.#number[0] < id;
  }

  close(): void {
    this.#file.close();
  }
}

function writeAt(file: Deno.FsFile, offset: number, value: number): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(Float64Array.of(value).buffer));
}

function readAt(file: Deno.FsFile, offset: number): number {
  const number = new Float64Array(1);
  file.seekSync(offset, Deno.SeekMode.Start);
  file.readSync(new Uint8Array(number.buffer));
  return number[0] as number;
}
