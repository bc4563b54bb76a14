import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { keep } from "../support/memory_transport.ts";
import { settled } from "../support/virtual_clock.ts";
import { ClientRig } from "./client_rig.ts";

/** The reasons of promises that were rejected and that nobody waited for, while something runs. */
async function unhandledWhile(run: () => Promise<void>): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const last = "the last one";
  const { promise: isLast, resolve } = Promise.withResolvers<void>();
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    if (event.reason === last) resolve();
    else reasons.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  await run();
  // They are told in the order in which they were rejected.
  void Promise.reject(last);
  await isLast;
  globalThis.removeEventListener("unhandledrejection", note);
  return reasons;
}

Deno.test("close() leaves no unhandled rejection of calls under way or waiting", async () => {
  const unhandled = await unhandledWhile(async () => {
    const rig = await ClientRig.connected(1);
    rig.server(1).answer = keep;
    void rig.client.call("fib", [1]);
    const awaited = rig.client.call("fib", [2]);
    const waiting = new ClientRig();
    void waiting.client.call("fib", [3]);
    rig.client.close();
    waiting.client.close();
    await assert.rejects(awaited, { name: "Cancelled" });
  });
  assert.deepEqual(unhandled, []);
});

Deno.test("a call of a closed client, and one that fails by itself, is told if nobody waits", async () => {
  const unhandled = await unhandledWhile(async () => {
    const rig = await ClientRig.connected(1);
    rig.server(1).answer = (call) => call.error(new RpcError("InternalError", "It broke"));
    void rig.client.call("fib", [1]);
    await settled();
    rig.client.close();
    void rig.client.call("fib", [2]);
  });
  assert.deepEqual(unhandled.map((reason) => (reason as Error).name), [
    "InternalError",
    "Cancelled",
  ]);
});
