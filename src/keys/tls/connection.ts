import { Waiters } from "../../base/waiters.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import { belowOf } from "./below.ts";
import { boundTextless } from "./textless_bytes.ts";

/**
 * How many bytes may wait to be read. Beyond that nothing is read from the socket, so that TCP's
 * flow control stops the peer.
 */
const waitingBytesMax = 64 * 1024;

/**
 * The most that is written at once. It bounds how much a connection holds on its way to the peer,
 * and by the parts that were taken one sees that the peer reads.
 */
const writtenBytesMax = 256 * 1024;

/**
 * A TLS socket of Node with the interface of a connection of Deno, so that readers and writers need
 * not tell the two apart.
 */
export class TlsConnection {
  readonly #socket: TLSSocket;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #hasEnded = false;
  #error: Error | undefined;
  readonly #waiters = new Waiters();

  /** Takes over a socket whose handshake is done. */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > waitingBytesMax && !socket.isPaused()) this.#pause();
      this.#waiters.wake();
    });
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    const bound = boundTextless({
      bytesRead: () => belowOf(socket)?.getBytesRead() ?? 0,
      textBytes: () => socket.bytesRead,
      end: () => socket.destroy(),
    });
    socket.once("close", () => bound.cancel());
    socket.on("error", (error: Error) => {
      this.#error = error;
      this.#end();
    });
  }

  /** Where the peer is, as `host:port`. */
  get peerAddress(): string {
    return addressTextOf(this.#socket);
  }

  /** Fills the buffer with what has come, or resolves to `null` at the end of the stream. */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) return null;
      await this.#waiters.wait();
    }
    const length = this.#take(buffer);
    this.#waitingBytes -= length;
    if (this.#waitingBytes <= waitingBytesMax / 2 && this.#socket.isPaused()) this.#resume();
    return length;
  }

  /**
   * Resolves to how many of the bytes were sent, usually all. The caller may use the buffer again
   * then.
   */
  write(bytes: Uint8Array): Promise<number> {
    const part = bytes.subarray(0, writtenBytesMax);
    return new Promise((resolve, reject) => {
      this.#socket.write(part, (error) => error ? reject(error) : resolve(part.length));
    });
  }

  /** Ends the sending side; what the peer still sends can be read. */
  closeWrite(): Promise<void> {
    return new Promise((resolve) => {
      // A socket that was destroyed does not finish: it only emits "close".
      this.#socket.once("close", () => resolve());
      this.#socket.end(() => resolve());
    });
  }

  /** Closes it at once. Closing twice does nothing. */
  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  /**
   * In Deno a TLS socket that is paused hands on nothing, but what is below it goes on to read: all
   * that a peer sends would be kept in memory.
   */
  #pause(): void {
    this.#socket.pause();
    belowOf(this.#socket)?.readStop();
  }

  #resume(): void {
    belowOf(this.#socket)?.readStart();
    this.#socket.resume();
  }

  #take(buffer: Uint8Array): number {
    let length = 0;
    while (length < buffer.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, buffer.length - length);
      buffer.set(part, length);
      length += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return length;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#waiters.wake();
  }
}

/** Where a socket's peer is, as `host:port`. */
export function addressTextOf(
  { remoteAddress = "?", remotePort = 0 }: {
    readonly remoteAddress?: string | undefined;
    readonly remotePort?: number | undefined;
  },
): string {
  return addressOf({ host: remoteAddress, port: remotePort });
}
