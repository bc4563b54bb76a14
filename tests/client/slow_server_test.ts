import assert from "node:assert/strict";
import type { RpcError } from "../../src/base/errors.ts";
import { clientOutboxBytesMax } from "../../src/base/limits.ts";
import { Call } from "../../src/client/call.ts";
import { Connection } from "../../src/client/connection.ts";
import type { Duplex } from "../../src/client/transport.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

const megabyte = 1_000_000;

/** A server that takes a write only when the test says so, and answers nothing. */
class SlowDuplex implements Duplex {
  written = "";
  readonly #ended = Promise.withResolvers<null>();
  #taken: (() => void) | undefined;

  read(): Promise<number | null> {
    return this.#ended.promise;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await new Promise<void>((resolve) => this.#taken = resolve);
    this.written += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  /** Takes all that is written now and as a consequence. */
  async takeAll(): Promise<void> {
    while (this.#taken !== undefined) {
      const taken = this.#taken;
      this.#taken = undefined;
      taken();
      await settled();
    }
  }

  end(): void {
    this.#ended.resolve(null);
  }

  close(): void {}
}

function setUp() {
  const duplex = new SlowDuplex();
  const clock = new VirtualClock(1_000);
  const errors = new Map<number, RpcError | undefined>();
  const connection = new Connection(duplex, "127.0.0.1:1", clock, {
    changed() {},
    ended() {},
    goaway() {},
    lost() {},
  });
  const send = (n: number) => {
    const call = new Call("store", [n, "x".repeat(megabyte)], clock.now() + 5_000);
    connection.send(call, (error) => errors.set(n, error));
    return call;
  };
  return { duplex, clock, connection, errors, send };
}

const sentIn = (written: string) => [...written.matchAll(/"params":\[(\d+),/g)].map(([, n]) => n);

Deno.test("calls that the server does not take wait as they are, and leave in order with the time that is left", async () => {
  const { duplex, clock, connection, errors, send } = setUp();
  const calls = Array.from({ length: 100 }, (_, n) => send(n));
  await settled();
  assert.ok(connection.inFlight * megabyte <= clientOutboxBytesMax + 2 * megabyte);
  calls[10]?.leave();
  clock.advance(1_000);
  await duplex.takeAll();
  assert.equal(connection.inFlight, 99);
  const sent = sentIn(duplex.written);
  assert.deepEqual(sent, calls.keys().filter((n) => n !== 10).map(String).toArray());
  assert.ok(duplex.written.endsWith('"meta":{"timeoutMs":4000}}\n'));
  assert.equal(errors.size, 0);
  connection.close();
});

Deno.test("calls that were never written are known not to have run when the connection breaks (P-51)", async () => {
  const { duplex, connection, errors, send } = setUp();
  for (let n = 0; n < 20; n++) send(n);
  await settled();
  const written = connection.inFlight;
  assert.ok(written < 10);
  duplex.end();
  await settled();
  assert.equal(errors.size, 20);
  for (const [n, error] of errors) {
    assert.deepEqual([error?.name, error?.executed], [
      "ConnectionLost",
      n < written ? "maybe" : "no",
    ]);
  }
});

Deno.test("a question whether the server lives does not wait behind calls that do", async () => {
  const { duplex, connection, send } = setUp();
  for (let n = 0; n < 20; n++) send(n);
  await settled();
  connection.ping(() => {});
  await duplex.takeAll();
  const at = duplex.written.indexOf('"method":"rpc.ping"');
  assert.ok(at > 0 && at < duplex.written.indexOf('"params":[10,'));
  connection.close();
});
