/** A server that speaks ZooKeeper's framing and otherwise does what a test tells it to. */

import { CutFrame, FrameSplitter } from "../../src/zookeeper/frames.ts";
import { JuteReader, JuteWriter } from "../../src/zookeeper/jute.ts";
import { Opcode } from "../../src/zookeeper/protocol.ts";

/** One request as it arrived. */
export interface ScriptedRequest {
  /** On which connection: 1 is the first. */
  readonly connection: number;
  readonly xid: number;
  readonly opcode: number;
  /** Length of the frame without its prefix. */
  readonly bytes: number;
  /** Answers with a header and, after it, what `write` writes. */
  reply(error?: number, write?: (writer: JuteWriter) => void): void;
  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void;
  /** Ends the connection. */
  hangUp(): void;
}

/** What the server does. */
export interface Script {
  /** Takes each request but pings, which are answered. @default answers that all is well */
  readonly onRequest?: (request: ScriptedRequest) => void;
  /** Takes the end of a session. @default answers it */
  readonly onEnd?: (request: ScriptedRequest) => void;
  /** Whether to take the session up on a connection; otherwise it hangs up. @default always */
  readonly accepts?: (connection: number) => boolean;
  /** @default plain TCP */
  readonly tls?: Deno.TlsCertifiedKeyPem;
  /** What it grants. @default 4_000 */
  readonly sessionTimeoutMs?: number;
}

/** See {@link Script}. */
export class ScriptedServer implements AsyncDisposable {
  readonly #script: Script;
  readonly #listener: Deno.Listener<Deno.Conn<Deno.NetAddr>, Deno.NetAddr>;
  readonly #sockets = new Set<Deno.Conn>();
  readonly #tasks: Promise<void>[] = [];
  /** All requests of all connections, pings excepted. */
  readonly requests: ScriptedRequest[] = [];
  #connections = 0;
  #isDisposed = false;

  constructor(script: Script = {}) {
    this.#script = script;
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#listener = script.tls === undefined
      ? Deno.listen(address)
      : Deno.listenTls({ ...address, ...script.tls });
    this.#tasks.push(this.#accept());
  }

  get connectString(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Connections taken so far. */
  get connections(): number {
    return this.#connections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#listener.close();
    for (const socket of this.#sockets) this.#close(socket);
    await Promise.all(this.#tasks);
  }

  async #accept(): Promise<void> {
    try {
      for await (const socket of this.#listener) {
        // It was on its way as the listener was closed: nobody would end it any more.
        if (this.#isDisposed) return socket.close();
        this.#sockets.add(socket);
        this.#tasks.push(this.#serve(socket, ++this.#connections));
      }
    } catch {
      // The listener was closed.
    }
  }

  async #serve(socket: Deno.Conn, connection: number): Promise<void> {
    const splitter = new FrameSplitter(10_000_000);
    const buffer = new Uint8Array(64 * 1024);
    let greeted = false;
    try {
      for (let size = await socket.read(buffer); size !== null; size = await socket.read(buffer)) {
        for (const frame of splitter.push(buffer.subarray(0, size))) {
          if (frame instanceof CutFrame) return;
          if (greeted) this.#take(socket, connection, frame);
          else if (this.#script.accepts?.(connection) ?? true) this.#greet(socket);
          else return;
          greeted = true;
        }
      }
    } catch {
      // The connection broke, or was closed by the script.
    } finally {
      this.#close(socket);
    }
  }

  #greet(socket: Deno.Conn): void {
    const timeoutMs = this.#script.sessionTimeoutMs ?? 4_000;
    this.#send(
      socket,
      new JuteWriter().int(0).int(timeoutMs).long(77n).buffer(new Uint8Array(16)).bool(false)
        .frame(),
    );
  }

  #take(socket: Deno.Conn, connection: number, frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    const xid = reader.int();
    const opcode = reader.int();
    const request: ScriptedRequest = {
      connection,
      xid,
      opcode,
      bytes: frame.length,
      reply: (error = 0, write = () => {}) => {
        const writer = new JuteWriter().int(xid).long(1_000n).int(error);
        write(writer);
        this.#send(socket, writer.frame());
      },
      send: (bytes) => this.#send(socket, bytes),
      hangUp: () => this.#close(socket),
    };
    if (opcode === Opcode.ping) return request.reply();
    if (opcode === Opcode.closeSession) return (this.#script.onEnd ?? ((r) => r.reply()))(request);
    this.requests.push(request);
    (this.#script.onRequest ?? ((r) => r.reply()))(request);
  }

  #send(socket: Deno.Conn, bytes: Uint8Array): void {
    // Loopback takes small frames in one write; a test that breaks the connection does not mind.
    socket.write(bytes).catch(() => {});
  }

  #close(socket: Deno.Conn): void {
    this.#sockets.delete(socket);
    try {
      socket.close();
    } catch {
      // Closed already.
    }
  }
}

/** The bytes of an empty stat. */
export function writeEmptyStat(writer: JuteWriter): void {
  writer.long(0n).long(0n).long(0n).long(0n).int(0).int(0).int(0).long(0n).int(0).int(0).long(0n);
}
