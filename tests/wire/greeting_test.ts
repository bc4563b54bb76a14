import assert from "node:assert/strict";
import { greetingBytesMax } from "../../src/base/limits.ts";
import { greet } from "../../src/wire/greeting.ts";
import { lineFeed } from "../../src/wire/lines.ts";
import { waitFor } from "../support/wait_for.ts";

const welcome =
  '{"jsonrpc":"2.0","id":"hello","result":{"server":"s","caller":"c","rights":"r"}}\n';
const changed = '{"jsonrpc":"2.0","method":"rpc.changed","params":["€"]}\n';

/** A server that sends what it sends in pieces of one length, and then ends. */
function serverOf(text: string, pieceLength: number) {
  let rest = new TextEncoder().encode(text);
  return {
    read(buffer: Uint8Array) {
      if (rest.length === 0) return Promise.resolve(null);
      const piece = rest.subarray(0, Math.min(pieceLength, buffer.length));
      buffer.set(piece);
      rest = rest.subarray(piece.length);
      return Promise.resolve(piece.length);
    },
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    close() {},
  };
}

Deno.test("what comes beside the welcome is read after it, byte by byte, however it is cut", async () => {
  const many = changed.repeat(Math.floor(greetingBytesMax / (changed.length + 2)) - 10);
  const cuts = Array.from({ length: 250 }, (_, i) => [changed, i + 1] as const);
  for (const [before, pieces] of [...cuts, [many, 4_096] as const]) {
    const after = `${changed}{"half`;
    const greeted = await greet(serverOf(before + welcome + after, pieces), { service: "x" });
    assert.deepEqual(greeted.welcome, { server: "s", caller: "c", rights: "r" });
    const buffer = new Uint8Array(1_000);
    const decoder = new TextDecoder();
    let text = "";
    for (
      let length = await greeted.stream.read(buffer);
      length !== null;
      length = await greeted.stream.read(buffer)
    ) text += decoder.decode(buffer.subarray(0, length), { stream: true });
    assert.equal(text, before + after);
  }
});

Deno.test("the greeting says which service is meant, and the secret if there is one", async () => {
  for (const hello of [{ service: "é" }, { service: "x", secret: "s" }]) {
    const written: number[] = [];
    const server = serverOf(welcome, 4_096);
    await greet({
      ...server,
      // A socket may take less than it is given.
      write(bytes) {
        written.push(...bytes.subarray(0, 7));
        return Promise.resolve(Math.min(bytes.length, 7));
      },
    }, hello);
    // It is not waited for: a server may refuse without having read it.
    await waitFor("the whole greeting", () => written.at(-1) === lineFeed);
    const text = new TextDecoder().decode(Uint8Array.from(written));
    assert.deepEqual(JSON.parse(text), {
      ...{ jsonrpc: "2.0", id: "hello", method: "rpc.hello" },
      params: hello,
    });
  }
});

Deno.test("an answer to something else is no welcome", async () => {
  const other = welcome.replace('"hello"', "1").replace('"s"', '"other"');
  const greeted = await greet(serverOf(other + welcome, 4_096), { service: "x" });
  assert.equal(greeted.welcome.server, "s");
});

Deno.test("a server that hangs up on the greeting, or answers at length, is none", async () => {
  const hello = { service: "x" };
  await assert.rejects(greet(serverOf("", 9), hello), /it hung up on the greeting/);
  await assert.rejects(greet(serverOf(welcome.slice(0, 20), 9), hello), /it hung up/);
  for (const text of ["x".repeat(2 * greetingBytesMax), changed.repeat(greetingBytesMax / 20)]) {
    await assert.rejects(greet(serverOf(text, 4_096), hello), /it answers the greeting at length/);
  }
});

Deno.test("a refusal is told by a server that reads nothing of the greeting, or hangs up on it", async () => {
  const refusal =
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"expired","data":{}}}\n';
  const writes: readonly (() => Promise<number>)[] = [
    () => new Promise<number>(() => {}),
    () => Promise.reject(new Error("EPIPE")),
  ];
  for (const write of writes) {
    const refusing = { ...serverOf(refusal, 4_096), write };
    await assert.rejects(greet(refusing, { service: "x" }), { message: "expired" });
  }
});
