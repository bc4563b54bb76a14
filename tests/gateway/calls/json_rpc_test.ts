import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import type { CallOptions } from "../../../src/client/client_options.ts";
import type { Calls } from "../../../src/gateway/calls/calls.ts";
import { answerInTurns, answerJsonRpc, answerLine } from "../../../src/gateway/calls/json_rpc.ts";
import { gatewayBatchStep } from "../../../src/gateway/limits.ts";
import { waitFor } from "../../support/wait_for.ts";

Deno.test("a few members of a batch are read and begin in a turn, and the next ones in the next", async () => {
  let read = 0;
  let begun = 0;
  const seen: number[] = [];
  function* members(): Generator<number> {
    while (read <= 3 * gatewayBatchStep) yield read++;
  }
  await answerInTurns(
    members(),
    {
      caller: "a",
      places: { enter: () => undefined, leave: () => {} },
      turn() {
        // One more is read before it is known that it has to wait.
        assert.equal(read, begun + 1);
        seen.push(begun);
        return Promise.resolve();
      },
    },
    () => {
      begun++;
      return Promise.resolve();
    },
  );
  assert.deepEqual(seen, [1, 2, 3].map((turn) => turn * gatewayBatchStep));
  assert.equal(begun, 3 * gatewayBatchStep + 1);
});

/** Answers a text by calls of a name: `fail` fails, `slow` waits, others answer with their name. */
function answering() {
  const made: { method: string; options: CallOptions }[] = [];
  const running = { now: 0, most: 0 };
  const go = Promise.withResolvers<void>();
  const calls = {
    async call(method: string, _params: unknown, options: CallOptions) {
      made.push({ method, options });
      running.most = Math.max(running.most, ++running.now);
      if (method === "slow") await go.promise;
      const error = method === "fail" ? new RpcError("Overloaded", "Full") : undefined;
      return { result: method, error, server: "a:1", attempts: 1, durationMs: 1 };
    },
  } as unknown as Calls;
  const places: string[] = [];
  let taken = 0;
  let waiting: (() => void) | undefined;
  const turns = {
    caller: "me",
    places: {
      enter(caller: string) {
        places.push(caller);
        if (taken++ < 2) return undefined;
        return new Promise<void>((resolve) => waiting = resolve);
      },
      leave(caller: string) {
        places.push(`-${caller}`);
        taken--;
        running.now--;
        waiting?.();
      },
    },
    turn: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  const options = { timeoutMs: 7_000, signal };
  const bound = { bytes: 1_000, whose: "of this gateway" };
  const answer = (text: string) => answerJsonRpc(text, calls, options, bound, turns);
  return { answer, made, places, running, go: go.resolve, signal };
}

Deno.test("a request is answered with its own options before all others, a notification goes on alone", async () => {
  const { answer, made, signal } = answering();
  const meta = { timeoutMs: 5, traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
  assert.deepEqual(
    await answer(`{"jsonrpc":"2.0","id":1,"method":"fib","meta":${JSON.stringify(meta)}}`),
    { text: '{"jsonrpc":"2.0","id":1,"result":"fib"}\n', server: "a:1" },
  );
  const failed = await answer('{"jsonrpc":"2.0","id":"x","method":"fail"}');
  assert.match(failed.text ?? "", /^\{"jsonrpc":"2.0","id":"x","error":\{.*"Full"/);
  const { text, server, notified } = await answer('{"jsonrpc":"2.0","method":"fib"}');
  assert.deepEqual([text, server], [undefined, undefined]);
  await notified;
  assert.match((await answer("{")).text ?? "", /^\{"jsonrpc":"2.0","id":null,"error":/);
  assert.deepEqual(made.map(({ options }) => options), [
    { timeoutMs: 5, traceparent: meta.traceparent, signal },
    { timeoutMs: 7_000, signal },
    { timeoutMs: 7_000, signal: undefined },
  ]);
});

Deno.test("a batch is answered as a whole, and a notification in it keeps its place until it has ended", async () => {
  const { answer, made, places, running, go } = answering();
  const one = (method: string, id?: number) => JSON.stringify({ jsonrpc: "2.0", id, method });
  const both = answer(`[${one("slow")},${one("fib", 1)},${one("ping", 2)},${one("slow", 3)}]`);
  // The first one is not answered, and still takes a place of two.
  await waitFor("the last one", () => made.length === 4);
  assert.equal(places.filter((one) => one === "-me").length, 2);
  go();
  const { text, server } = await both;
  assert.equal(server, undefined);
  assert.deepEqual(
    JSON.parse(text ?? "").map(({ id, result }: { id: number; result: string }) => [id, result]),
    [[1, "fib"], [2, "ping"], [3, "slow"]],
  );
  assert.equal(places.filter((one) => one === "-me").length, 4);
  assert.equal(running.most, 2, "no more run than there are places");
  assert.equal((await answer(`[${one("fib")},${one("ping")}]`)).text, undefined);
});

Deno.test("a result that cannot be sent is an error in its place", () => {
  const bound = { bytes: 100, whose: "of this gateway" };
  const line = (result: unknown) => answerLine(1, { error: undefined, result }, bound);
  assert.equal(line([1]), '{"jsonrpc":"2.0","id":1,"result":[1]}\n');
  assert.match(line("x".repeat(200)), /"error":\{.*of this gateway/);
  assert.match(line(1n), /"error":\{"code":-32603,.*not JSON/);
});
