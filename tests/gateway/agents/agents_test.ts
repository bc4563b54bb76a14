import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import type { CallOptions } from "../../../src/client/client_options.ts";
import { Agents } from "../../../src/gateway/agents/agents.ts";
import { Answers } from "../../../src/gateway/door/answers.ts";
import { BodyReader } from "../../../src/gateway/door/body.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import {
  gatewayAgentsMax,
  gatewayAgentsOfCallerMax,
  gatewayListenersOfCallerMax,
} from "../../../src/gateway/limits.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { toOpenRpc } from "../../../src/procedures/documents/describe.ts";
import { openRpcSchema } from "../../../src/procedures/openrpc.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/**
 * Agents whose calls are answered when they are given up, and not before.
 *
 * @param trouble what has become of all servers
 */
function agents(trouble?: Error) {
  const clock = new VirtualClock();
  const given: AbortSignal[] = [];
  const ended = new AbortController();
  const { methods, ...rest } = openRpcSchema.parse(
    toOpenRpc(builtin, { title: "rpc", version: "" }),
  );
  const document = {
    ...rest,
    looks: 0,
    get methods() {
      this.looks++;
      return methods;
    },
  };
  const done: CallReport = {
    ...{ result: 1, error: undefined, server: undefined, attempts: 1, durationMs: 0 },
  };
  const call = (_method: string, _params: unknown, { signal }: CallOptions) =>
    new Promise<CallReport>((resolve) => {
      given.push(signal as AbortSignal);
      signal?.addEventListener("abort", () => resolve(done));
    });
  const all = new Agents({
    calls: { isReadOnly: false, call },
    catalogue: {
      document: () => trouble === undefined ? Promise.resolve(document) : Promise.reject(trouble),
    },
    bodies: new BodyReader(clock),
    answers: new Answers(clock),
    clock,
    ended: ended.signal,
  });
  let others = 0;
  /** Each in the name of another address, unless one is said. */
  const askAs = (caller = `other ${others++}`) =>
  (
    message: unknown,
    session?: string,
    gone = new AbortController().signal,
  ) =>
    all.answer(
      new Request("http://127.0.0.1/mcp", {
        method: "POST",
        body: JSON.stringify(message),
        headers: {
          accept: "application/json, text/event-stream",
          "content-type": "application/json",
          ...(session === undefined ? {} : { "mcp-session-id": session }),
        },
      }),
      { caller, address: caller, connection: undefined, gone },
    );
  const ask: ReturnType<typeof askAs> = (...given) => askAs()(...given);
  const begin = async (caller?: string) => {
    const params = {
      ...{ protocolVersion: "2025-06-18", capabilities: {} },
      clientInfo: { name: "test", version: "1" },
    };
    const answer = await askAs(caller)({ jsonrpc: "2.0", id: 0, method: "initialize", params });
    await answer.body?.cancel();
    return answer.headers.get("mcp-session-id") ?? "";
  };
  const end = (session: string) =>
    all.answer(
      new Request("http://127.0.0.1/mcp", {
        method: "DELETE",
        headers: { "mcp-session-id": session },
      }),
      {
        ...{ caller: "whoever", address: "whoever", connection: undefined },
        gone: new AbortController().signal,
      },
    );
  const listen = (caller: string) => {
    const version = "2026-07-28";
    const params = {
      notifications: { toolsListChanged: true },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    };
    const method = "subscriptions/listen";
    return all.answer(
      new Request("http://127.0.0.1/mcp", {
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id: 5, method, params }),
        headers: {
          accept: "application/json, text/event-stream",
          "content-type": "application/json",
          ...{ "mcp-method": method, "mcp-protocol-version": version },
        },
      }),
      { caller, address: caller, connection: undefined, gone: new AbortController().signal },
    );
  };
  const callOf = (id: number) => ({
    ...{ jsonrpc: "2.0", id, method: "tools/call" },
    params: { name: "fib", arguments: { n: 1 } },
  });
  return { ask, begin, end, callOf, given, document, listen, ended };
}

const isProblem = (status: number) => (error: unknown) =>
  error instanceof HttpProblem && error.status === status;

Deno.test("past the agents that are kept the one that was not heard of for longest makes room, unless it waits", async () => {
  const { ask, begin, end, callOf, given } = agents();
  const first = await begin();
  const waits = ask(callOf(1), first);
  await waitFor("the call", () => given.length === 1);
  const second = await begin();
  const others = [];
  for (let i = 2; i < gatewayAgentsMax; i++) others.push(await begin());
  const last = await begin();
  await assert.rejects(end(second), isProblem(404));
  for (const session of [others.at(0), last]) {
    assert.equal((await end(session ?? "")).status, 204);
  }
  const cancelled = { method: "notifications/cancelled", params: { requestId: 1 } };
  assert.equal((await ask({ jsonrpc: "2.0", ...cancelled }, first)).status, 202);
  assert.equal(await (await waits).text(), "");
});

Deno.test("an agent's request ends with its message of cancelling and with its connection", async () => {
  const { ask, begin, callOf, given } = agents();
  const session = await begin();
  const early = new AbortController();
  const never = ask(callOf(0), session, early.signal);
  early.abort();
  assert.equal(await (await never).text(), "");
  const gone = new AbortController();
  const left = ask(callOf(1), session, gone.signal);
  const ended = ask(callOf(2), session);
  await waitFor("the calls", () => given.length === 2);
  // A second one of the same id would take the first one's answer.
  await assert.rejects(ask(callOf(2), session), isProblem(400));
  gone.abort();
  assert.equal(await (await left).text(), "");
  assert.deepEqual(given.map(({ aborted }) => aborted), [true, false]);
  const cancelled = { method: "notifications/cancelled", params: { requestId: 2 } };
  await ask({ jsonrpc: "2.0", ...cancelled }, session);
  assert.equal(await (await ended).text(), "");
  assert.equal(given[1]?.aborted, true);
});

Deno.test("a tool that is called while there is no server tells the model so, and is no failed request", async () => {
  const { ask, begin, callOf } = agents(new RpcError("Unavailable", "No server \ud800"));
  const answer = await (await ask(callOf(1), await begin())).text();
  const { result } = JSON.parse(answer.replace(/^[^{]*data: /s, ""));
  assert.deepEqual(result, {
    isError: true,
    content: [{ type: "text", text: "Unavailable: No server \ufffd (executed: no)" }],
  });
});

Deno.test("an address that begins without an end ends agents of its own, and of nobody else", async () => {
  const { begin, end } = agents();
  const honest = await begin("honest");
  const greedy = [];
  for (let i = 0; i < gatewayAgentsMax; i++) greedy.push(await begin("greedy"));
  const last = greedy.slice(-gatewayAgentsOfCallerMax);
  const gone = greedy.at(-gatewayAgentsOfCallerMax - 1) ?? "";
  await assert.rejects(end(gone), isProblem(404));
  for (const session of last) assert.equal((await end(session)).status, 204);
  // Those that have ended are no part of its share any more.
  const again = [];
  for (let i = 0; i < gatewayAgentsOfCallerMax; i++) again.push(await begin("greedy"));
  for (const session of [honest, ...again]) assert.equal((await end(session)).status, 204);
});

Deno.test("who listens for other tools has a share, which is free when it leaves or the gateway ends", async () => {
  const { listen, ended } = agents();
  const bodies: (ReadableStream<Uint8Array> | null)[] = [];
  for (const caller of ["greedy", "honest"]) {
    for (let i = 0; i < gatewayListenersOfCallerMax; i++) bodies.push((await listen(caller)).body);
    if (caller === "greedy") await assert.rejects(listen(caller), isProblem(503));
  }
  assert.match(await (await listen("other")).text(), /limit/);
  const [first, ...others] = bodies;
  await first?.cancel();
  others.push((await listen("greedy")).body);
  await assert.rejects(listen("greedy"), isProblem(503));
  ended.abort();
  for (const body of others) {
    // Both are told: that it listens, and that this ended as it should.
    const text = await new Response(body).text();
    assert.match(text, /"notifications\/subscriptions\/acknowledged".*"toolsListChanged":true/);
    assert.match(text, /"id":5,"result":/);
  }
});

Deno.test("the methods are made tools once for all agents", async () => {
  const { ask, begin, document } = agents();
  const list = { jsonrpc: "2.0", id: 9, method: "tools/list" };
  for (const session of [await begin(), await begin()]) {
    assert.match(await (await ask(list, session)).text(), /"fib"/);
  }
  assert.equal(document.looks, 1);
});

Deno.test("agents that begin at once are no more than are kept", async () => {
  const { begin, end } = agents();
  const sessions = await Promise.all(Array.from({ length: gatewayAgentsMax + 10 }, () => begin()));
  const answers = await Promise.allSettled(sessions.map(end));
  const kept = answers.filter(({ status }) => status === "fulfilled");
  assert.equal(kept.length, gatewayAgentsMax);
});

Deno.test("a session from before a restart goes on, and its messages that come at once share one", async () => {
  const session = await agents().begin();
  const { ask, end, callOf, given } = agents();
  const asked = [1, 2].map((id) => ask(callOf(id), session));
  await waitFor("the calls", () => given.length === 2);
  for (const requestId of [1, 2]) {
    const message = { method: "notifications/cancelled", params: { requestId } };
    assert.equal((await ask({ jsonrpc: "2.0", ...message }, session)).status, 202);
  }
  for (const answer of await Promise.all(asked)) assert.equal(await answer.text(), "");
  assert.equal((await end(session)).status, 204);
  for (const ended of [session, "made-up"]) {
    await assert.rejects(ask(callOf(3), ended), isProblem(404));
  }
  // What is wrong with a message is said, and keeps no session.
  const other = crypto.randomUUID();
  const bad = { jsonrpc: "2.0", id: 4, method: 4 };
  assert.equal((await ask(bad, other)).status, 400);
  await assert.rejects(end(other), isProblem(404));
});
