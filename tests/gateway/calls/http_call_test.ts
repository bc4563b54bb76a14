import assert from "node:assert/strict";
import { CallStream } from "../../../src/client/call_stream.ts";
import type { Calls } from "../../../src/gateway/calls/calls.ts";
import { answerCall } from "../../../src/gateway/calls/http_call.ts";
import { Answers } from "../../../src/gateway/door/answers.ts";
import { BodyReader } from "../../../src/gateway/door/body.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** What answers a call of this request; its result are the parameters, or else "none". */
function answerTo(init: RequestInit): Promise<Response> {
  const clock = new VirtualClock();
  const stream = new CallStream(64, () => {});
  stream.items([1], 1);
  const calls = {
    call: (_method: string, params: unknown) => Promise.resolve({ result: params ?? "none" }),
    stream: () => stream,
  } as unknown as Calls;
  const request = new Request("http://127.0.0.1/call/f", { method: "POST", ...init });
  const deps = { calls, bodies: new BodyReader(clock), answers: new Answers(clock), clock };
  return answerCall(request, "f", deps, {
    caller: "a",
    address: "a",
    connection: undefined,
    gone: new AbortController().signal,
  });
}

/** The type of the answer to a call whose caller accepts this. */
async function typeFor(accept: string): Promise<string | null> {
  const answer = await answerTo({ headers: { accept } });
  await answer.body?.cancel();
  return answer.headers.get("content-type");
}

Deno.test("a body that is empty, or null as of generated clients, has no parameters", async () => {
  const headers = { "content-type": "application/json" };
  for (const [body, params] of [["", "none"], [" null\n", "none"], ["[null]", [null]]] as const) {
    assert.deepEqual(await (await answerTo({ headers, body })).json(), params, body);
  }
});

Deno.test("a caller gets a stream in the form that it accepts, and otherwise the whole result", async () => {
  for (
    const [accept, type] of [
      ["*/*", "application/json"],
      ["text/html, Text/Event-Stream;q=0.5", "text/event-stream"],
      ["application/x-ndjson", "application/x-ndjson"],
      ["application/ndjson; q=0.001", "application/x-ndjson"],
      ["text/event-stream;q=0.000, application/ndjson", "application/x-ndjson"],
      ["text/event-stream; charset=utf-8; q=0", "application/json"],
      ["application/json, application/x-ndjson, text/event-stream", "application/json"],
      ["text/event-stream, application/json", "text/event-stream"],
      ["application/json;q=0.5, application/x-ndjson;q=0.75", "application/x-ndjson"],
      ["*/*, text/event-stream", "text/event-stream"],
    ] as const
  ) assert.equal(await typeFor(accept), type, accept);
});

Deno.test("an Accept of any length does not hold up a gateway", async () => {
  // A time that grows by the square of this is hours.
  assert.equal(await typeFor("; ".repeat(1_000_000)), "application/json");
});
