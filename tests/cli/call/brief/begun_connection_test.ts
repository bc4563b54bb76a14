import assert from "node:assert/strict";
import { BegunConnection } from "../../../../src/cli/call/brief/begun_connection.ts";
import type { Duplex, Target, Transport } from "../../../../src/client/transport.ts";

const server = { host: "127.0.0.1", port: 1 };
const never = new AbortController().signal;

/** A connection that only knows whether it was closed. */
function connection(): Duplex & { isClosed: boolean } {
  return {
    isClosed: false,
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    close() {
      this.isClosed = true;
    },
  };
}

/** A client's transport, with what it was asked for. */
function transport() {
  const [targets, own]: [Target[], Duplex] = [[], connection()];
  const client: Transport = {
    connect(target) {
      targets.push(target);
      return Promise.resolve(own);
    },
  };
  return { client, targets, own };
}

Deno.test("a connection that was begun is the first one of its server, and of no other", async () => {
  const { client, targets, own } = transport();
  const begun = Promise.withResolvers<Duplex>();
  const { connect } = new BegunConnection(server, begun.promise, 0).transport(client);
  const other = { ...server, port: 2 };
  assert.equal(await connect(other, never), own);
  const first = connect(server, never);
  const duplex = connection();
  begun.resolve(duplex);
  assert.equal(await first, duplex);
  assert.equal(await connect(server, never), own);
  assert.deepEqual(targets, [other, server]);
});

Deno.test("a connection that was begun in vain is begun anew, and the client tells why it fails", async () => {
  const { client, targets, own } = transport();
  const begun = Promise.withResolvers<Duplex>();
  const { connect } = new BegunConnection(server, begun.promise, 0).transport(client);
  begun.reject(new Error("no"));
  assert.equal(await connect(server, never), own);
  assert.deepEqual(targets, [server]);
});

Deno.test("a connection that was given up is closed when it comes", async () => {
  for (const isAbortedBefore of [true, false]) {
    const { client, targets } = transport();
    const begun = Promise.withResolvers<Duplex>();
    const { connect } = new BegunConnection(server, begun.promise, 0).transport(client);
    const abort = new AbortController();
    if (isAbortedBefore) abort.abort(new Error("given up"));
    const attempt = connect(server, abort.signal);
    abort.abort(new Error("given up"));
    await assert.rejects(attempt, /given up/);
    const duplex = connection();
    begun.resolve(duplex);
    await begun.promise;
    await Promise.resolve();
    assert.ok(duplex.isClosed);
    assert.deepEqual(targets, []);
  }
});
