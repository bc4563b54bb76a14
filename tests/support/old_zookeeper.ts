/**
 * A real ZooKeeper made older: a proxy on loopback that takes the operations which servers of 3.4
 * do not know as those do. They answer UNIMPLEMENTED and end the connection
 * (`UnimplementedRequestProcessor`). Other programs that speak ZooKeeper's protocol only end it.
 */

import { Opcode } from "../../src/zookeeper/protocol.ts";

/** What came after ZooKeeper 3.4. */
const unknownOpcodes: ReadonlySet<number> = new Set([
  Opcode.removeWatches,
  Opcode.createContainer,
  Opcode.addWatch,
  Opcode.setWatches2,
]);

const unimplemented = -6;

/** An old server. Dispose of it to end it and its connections. */
export class OldZooKeeper implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #served: Promise<unknown>;
  readonly #isSilent: boolean;
  #isDisposed = false;
  /** Operations that it has refused. */
  refused = 0;

  /** @param isSilent whether it ends the connection without an answer */
  constructor(targetPort: number, isSilent = false) {
    this.#isSilent = isSilent;
    this.#served = this.#accept(targetPort);
  }

  /** Where clients connect to, on 127.0.0.1. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections. New ones are served as before. */
  cut(): void {
    for (const conn of this.#open) close(conn);
    this.#open.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    close(this.#listener);
    this.cut();
    await this.#served;
  }

  async #accept(targetPort: number): Promise<void> {
    const all: Promise<void>[] = [];
    try {
      for await (const client of this.#listener) {
        // It was on its way as the listener was closed: nobody would end it any more.
        if (this.#isDisposed) close(client);
        else all.push(this.#serve(client, targetPort));
      }
    } catch {
      // The listener was closed under the accept.
    }
    await Promise.all(all);
  }

  async #serve(client: Deno.TcpConn, port: number): Promise<void> {
    const ends: Deno.TcpConn[] = [client];
    this.#open.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      ends.push(server);
      if (!this.#open.has(client)) throw new Error("it was cut meanwhile");
      this.#open.add(server);
      await Promise.race([this.#requests(client, server), server.readable.pipeTo(client.writable)]);
    } catch {
      // One side is gone; so is the other, below.
    }
    for (const conn of ends) {
      this.#open.delete(conn);
      close(conn);
    }
  }

  async #requests(client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> {
    // The first frame asks for a session, and has neither number nor opcode.
    for (let isFirst = true;; isFirst = false) {
      const length = await exactly(client, 4);
      const frame = await exactly(client, length.getInt32(0));
      if (!isFirst && unknownOpcodes.has(frame.getInt32(4))) {
        this.refused++;
        if (this.#isSilent) return;
        const answer = new DataView(new ArrayBuffer(20));
        answer.setInt32(0, 16);
        answer.setInt32(4, frame.getInt32(0));
        answer.setInt32(16, unimplemented);
        return await writeAll(client, new Uint8Array(answer.buffer));
      }
      for (const part of [length, frame]) await writeAll(server, new Uint8Array(part.buffer));
    }
  }
}

async function exactly(conn: Deno.TcpConn, size: number): Promise<DataView<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const read = await conn.read(bytes.subarray(at));
    if (read === null) throw new Error("the client has ended the connection");
    at += read;
  }
  return new DataView(bytes.buffer);
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function close(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
