/** What anybody on the web may send to a gateway, nearly right. */

import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { RpcError } from "../../src/base/errors.ts";
import { BatchPlaces } from "../../src/gateway/calls/batch_places.ts";
import type { Calls } from "../../src/gateway/calls/calls.ts";
import { answerCall } from "../../src/gateway/calls/http_call.ts";
import { answerJsonRpc } from "../../src/gateway/calls/json_rpc.ts";
import { Answers } from "../../src/gateway/door/answers.ts";
import { BodyReader } from "../../src/gateway/door/body.ts";
import { HttpProblem } from "../../src/gateway/door/problem.ts";
import * as fc from "../support/fast_check.ts";
import { bytesNear, jsonNear, textNear } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";
import { boundOfGateway } from "../../src/wire/message_bound.ts";

/** Calls that give back what they were given, which is what a server is sent. */
const calls = {
  call: (method: string, params: unknown) => {
    JSON.stringify({ method, params });
    return Promise.resolve(
      method === "fails" ? { error: new RpcError("InternalError", method) } : { result: params },
    );
  },
} as unknown as Calls;

const deps = {
  calls,
  bodies: new BodyReader(systemClock),
  answers: new Answers(systemClock),
  clock: systemClock,
};

const params = '[1,{"a":"x\\u00e9","b":[null,true,-1.5e3]},12345678901234567890]';

fuzz(
  "a body of bare parameters is answered, or refused as a mistake of its sender",
  fc.tuple(
    bytesNear(params, '{"n":32}', ""),
    textNear("application/json", "application/json; charset=utf-8", "text/plain"),
    textNear("5000", "1e9", ""),
  ),
  async ([body, type, timeout]) => {
    const headers = new Headers();
    for (const [name, value] of [["content-type", type], ["rpc-timeout-ms", timeout]] as const) {
      // What no header can hold does not come this far.
      if (/^[\x20-\x7e]+$/.test(value)) headers.set(name, value);
    }
    const request = new Request("http://127.0.0.1/call/fib", {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    try {
      const { status } = await answerCall(request, "fib", deps, {
        caller: "a",
        address: "a",
        connection: undefined,
        gone: new AbortController().signal,
      });
      assert.equal(status, 200);
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      assert.ok(error.status >= 400 && error.status < 500, `${error.status}`);
    }
  },
);

const request = '{"jsonrpc":"2.0","id":7,"method":"fib","params":[32],"meta":{"timeoutMs":5000}}';
const batch =
  `[${request},{"jsonrpc":"2.0","method":"fails"},{"jsonrpc":"2.0","id":"a","method":"fails"},1]`;

fuzz(
  "a body of JSON-RPC is answered with JSON-RPC",
  fc.oneof(textNear(request, batch), jsonNear(JSON.parse(request), JSON.parse(batch))),
  async (body) => {
    const { text } = await answerJsonRpc(
      body,
      calls,
      {},
      boundOfGateway(),
      { caller: "a", places: new BatchPlaces(() => 0), turn: () => Promise.resolve() },
    );
    if (text === undefined) return;
    for (const answer of [JSON.parse(text)].flat()) {
      assert.equal(answer.jsonrpc, "2.0");
      assert.ok("id" in answer);
      assert.notEqual("result" in answer, "error" in answer);
    }
  },
);
