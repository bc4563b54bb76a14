import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { TlsConnection } from "../../../src/keys/tls/connection.ts";
import { contextOptionsOf } from "../../../src/keys/tls/context.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Takes what is written, and says so when the test does. */
class FakeSocket extends EventEmitter {
  readonly written: number[] = [];
  #took: (() => void) | undefined;

  write(bytes: Uint8Array, took: () => void): void {
    this.written.push(bytes.length);
    this.#took = took;
  }

  take(): void {
    this.#took?.();
  }
}

Deno.test("a long message is written in parts, so that it is seen whether the peer takes any of it", async () => {
  const socket = new FakeSocket();
  const connection = new TlsConnection(socket as unknown as TLSSocket);
  const length = 3_000_000;
  for (let rest = new Uint8Array(length); rest.length > 0;) {
    const writing = connection.write(rest);
    socket.take();
    rest = rest.subarray(await writing);
  }
  assert.ok(Math.max(...socket.written) <= 256 * 1024, `${socket.written}`);
  assert.equal(socket.written.reduce((sum, part) => sum + part, 0), length);
  socket.emit("close");
});

Deno.test("who sends without an end what gives no text is ended, and nobody else", async () => {
  /** Of each 1,000 bytes that come to one of them some are text. */
  class Receiving extends EventEmitter {
    bytesRead = 0;
    #bytesBelow = 0;
    readonly _handle = { _parent: { getBytesRead: () => this.#bytesBelow } };

    receive(textBytes: number): void {
      this.bytesRead += textBytes;
      this.#bytesBelow += 1_000;
    }

    destroy(): void {
      this.emit("close");
    }
  }
  const ended: string[] = [];
  const sockets = { textless: new Receiving(), texts: new Receiving() };
  for (const [name, socket] of Object.entries(sockets)) {
    new TlsConnection(socket as unknown as TLSSocket);
    socket.once("close", () => ended.push(name));
  }
  await waitFor("the end of who sends no text", () => {
    for (let i = 0; i < 100; i++) {
      sockets.textless.receive(0);
      sockets.texts.receive(1);
    }
    return ended.length > 0;
  });
  assert.deepEqual(ended, ["textless"]);
  sockets.texts.destroy();
});

/** Both ends of a connection of TLS. */
async function pair(cluster: TestCluster) {
  const keys = cluster.ring(await cluster.member("server")).current();
  const server = tls.createServer({ ...contextOptionsOf(keys), noDelay: true } as tls.TlsOptions);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const coming = new Promise<TLSSocket>((resolve) => server.once("secureConnection", resolve));
  const { port } = server.address() as { port: number };
  const near = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  await new Promise<void>((resolve) => near.once("secureConnect", resolve));
  near.setNoDelay(true);
  const far = await coming;
  const close = () => {
    near.destroy();
    far.destroy();
    server.close();
  };
  return { near, far, close };
}

/** Lets the event loop go round as often as it takes two others to talk to each other. */
async function talk(cluster: TestCluster): Promise<void> {
  const { near, far, close } = await pair(cluster);
  far.on("data", (bytes: Uint8Array) => far.write(bytes));
  for (let i = 0; i < 100; i++) {
    const answered = new Promise((resolve) => near.once("data", resolve));
    near.write("x");
    await answered;
  }
  close();
}

Deno.test("who sends more than is read has to wait, at either end, and nothing of it is lost", async () => {
  await using cluster = await TestCluster.create();
  const part = Uint8Array.from({ length: 256 * 1024 }, (_, i) => i % 251);
  const parts = 24;
  for (const isServer of [true, false]) {
    const { near, far, close } = await pair(cluster);
    const [reader, writer] = isServer ? [far, near] : [near, far];
    const connection = new TlsConnection(reader);
    for (let i = 0; i < parts; i++) writer.write(part);
    await talk(cluster);
    const { bytesRead } = reader as Socket;
    assert.ok(bytesRead < 1024 * 1024, `${bytesRead} bytes were read for nobody`);

    const buffer = new Uint8Array(64 * 1024);
    let read = 0;
    let wrong = 0;
    while (read < parts * part.length) {
      const length = await connection.read(buffer);
      assert.ok(length !== null);
      for (const byte of buffer.subarray(0, length)) {
        if (byte !== part[read++ % part.length]) wrong++;
      }
    }
    assert.deepEqual([read, wrong], [parts * part.length, 0]);
    close();
  }
});
