import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { TlsConnection } from "../../../src/keys/tls/connection.ts";

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
});
