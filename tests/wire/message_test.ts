import assert from "node:assert/strict";
import {
  callTimeoutMsMax,
  idLengthMax,
  methodLengthMax,
  streamCreditMax,
  traceparentLengthMax,
} from "../../src/base/limits.ts";
import { BadMessage } from "../../src/wire/requests/incoming.ts";
import { cancelledId, moreParams, soundRequest } from "../../src/wire/requests/request_checks.ts";
import { decodeRequest } from "../support/decode_request.ts";
import {
  cancelParamsSchema,
  errorDataSchema,
  itemParamsSchema,
  moreParamsSchema,
  type Params,
  requestSchema,
  responseSchema,
} from "../../src/wire/message.ts";
import {
  errorDataOf,
  isNotificationValue,
  isResponseValue,
  itemParams,
} from "../../src/wire/reply_checks.ts";
import * as fc from "../support/fast_check.ts";

// The checks of answers do without zod: here they are held to the schemas of the same messages.

const oddities = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -1, 1e300, "", "x".repeat(257), [], {}) },
);

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const [, trace, span] = traceparent.split("-");

/** What names a trace, and what does not. */
const traceparents = {
  sound: [traceparent, `cc${traceparent.slice(2)}`, `cc${traceparent.slice(2)}-later`],
  unsound: [
    7,
    null,
    "",
    `${traceparent}-more`,
    ` ${traceparent}`,
    `${traceparent}\n`,
    traceparent.toUpperCase(),
    `ff${traceparent.slice(2)}`,
    `cc${traceparent.slice(2)}later`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `cc${traceparent.slice(2)}-${"x".repeat(traceparentLengthMax)}`,
  ],
};

/** What a message is made of: right as often as wrong, so that each member decides now and then. */
function member(...right: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...right) }, oddities);
}

const issue = fc.record({ path: member([], ["a", 0]), message: member("bad") }, {
  requiredKeys: ["message"],
});
const errorData = fc.oneof(
  oddities,
  fc.record({
    executed: member("no", "maybe", "yes"),
    issues: fc.oneof(fc.array(issue, { maxLength: 2 }), oddities),
    later: oddities,
  }, { requiredKeys: [] }),
);
const message = fc.oneof(
  { weight: 1, arbitrary: oddities },
  {
    weight: 20,
    arbitrary: fc.record({
      jsonrpc: member("2.0"),
      id: member(1, "a", null, "x".repeat(idLengthMax)),
      method: member("m", "x".repeat(methodLengthMax)),
      params: member([1], { a: 1 }, JSON.parse('{"__proto__":1,"a":1}')),
      meta: fc.oneof(
        fc.record({
          timeoutMs: member(0, 5, callTimeoutMsMax),
          stream: member(1, streamCreditMax),
          traceparent: member(...traceparents.sound, ...traceparents.unsound),
          caller: member("a"),
          later: oddities,
        }, { requiredKeys: [] }),
        oddities,
      ),
      result: oddities,
      error: fc.oneof(
        fc.record({ code: member(-32000), message: member("no"), data: oddities }),
        oddities,
      ),
      later: oddities,
    }, { requiredKeys: [] }),
  },
);

const runs = { numRuns: 5_000, interruptAfterTimeLimit: 3_000, markInterruptAsFailure: false };

/** A value as it comes out of a line: what JSON cannot say has become `null` or gone. */
function fromLine(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

Deno.test("a value is a request exactly if its schema says so (P-7, P-8, P-9, P-10, P-11)", () => {
  let sound = 0;
  fc.assert(
    fc.property(message, (value) => {
      if (Array.isArray(value)) return;
      const parsed = requestSchema.safeParse(fromLine(value));
      if (parsed.success) sound++;
      const decoded = decodeRequest(JSON.stringify(value));
      if (parsed.success) assert.deepEqual(decoded, parsed.data);
      else assert.ok(decoded instanceof BadMessage);
      // Without the schemas' help, that is.
      assert.deepEqual(soundRequest(fromLine(value)), parsed.data);
    }),
    runs,
  );
  assert.ok(sound > 0);
});

Deno.test("a traceparent is taken if it has the form of one, and else is as good as none (P-63)", () => {
  const taken = (traceparent: unknown) => {
    const meta = { timeoutMs: 5, traceparent };
    const decoded = decodeRequest(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "m", meta }));
    assert.ok("method" in decoded && decoded.meta?.timeoutMs === 5, JSON.stringify(decoded));
    return decoded.meta.traceparent;
  };
  for (const one of traceparents.sound) assert.equal(taken(one), one);
  for (const one of traceparents.unsound) assert.equal(taken(one), undefined, String(one));
});

Deno.test("a value is a notification exactly if it is a request but for id and meta (P-7, P-11)", () => {
  const schema = requestSchema.omit({ id: true, meta: true });
  let sound = 0;
  fc.assert(
    fc.property(message, (value) => {
      const expected = schema.safeParse(value).success;
      if (expected) sound++;
      assert.equal(isNotificationValue(value), expected);
    }),
    runs,
  );
  assert.ok(sound > 0);
});

Deno.test("a value is an answer exactly if its schema says so (P-8, P-10, P-13, P-19)", () => {
  let sound = 0;
  fc.assert(
    fc.property(message, (value) => {
      const { success, data } = responseSchema.safeParse(value);
      const expected = success && ("result" in data || data.error !== undefined);
      if (expected) sound++;
      assert.equal(isResponseValue(value), expected);
    }),
    runs,
  );
  assert.ok(sound > 0);
});

Deno.test("an error's data is read exactly if its schema says so, and else passed over (P-20, P-24)", () => {
  fc.assert(
    fc.property(errorData, (value) => {
      assert.deepEqual(errorDataOf(value), errorDataSchema.safeParse(value).data ?? {});
    }),
    runs,
  );
});

Deno.test("rpc.item and rpc.more are read exactly if their schemas say so (P-55, P-56)", () => {
  const notification = fc.record({
    id: member(1, "a", null),
    items: member([], [1, null]),
    n: member(1, streamCreditMax, 1.5),
  }, { requiredKeys: [] });
  fc.assert(
    fc.property(notification, (value) => {
      assert.deepEqual(itemParams(value as Params), itemParamsSchema.safeParse(value).data);
      assert.deepEqual(moreParams(value as Params), moreParamsSchema.safeParse(value).data);
    }),
    runs,
  );
  assert.equal(itemParams([1, []]), undefined);
  assert.equal(moreParams(undefined), undefined);
});

Deno.test("rpc.cancel names a request by its id, and by nothing else (P-31)", () => {
  fc.assert(
    fc.property(fc.record({ id: member(1, "a", null) }, { requiredKeys: [] }), (value) => {
      assert.equal(cancelledId(value as Params), cancelParamsSchema.safeParse(value).data?.id);
    }),
    runs,
  );
  assert.equal(cancelledId([1]), undefined);
  assert.equal(cancelledId(undefined), undefined);
});

Deno.test("what is wrong with a request names the member that is wrong (P-7)", () => {
  const sound = { jsonrpc: "2.0", method: "m" };
  const faultOf = (value: unknown) => {
    const decoded = decodeRequest(JSON.stringify(value));
    return decoded instanceof BadMessage ? decoded.error.message : "none";
  };
  assert.match(faultOf(1), /expected object/);
  assert.match(faultOf({ ...sound, jsonrpc: "1.0" }), /\(jsonrpc\)/);
  assert.match(faultOf({ ...sound, id: {} }), /\(id\)/);
  assert.match(faultOf({ ...sound, method: 1 }), /\(method\)/);
  assert.match(faultOf({ ...sound, params: 1 }), /\(params\)/);
  assert.match(faultOf({ ...sound, meta: [] }), /\(meta\)/);
  assert.match(faultOf({ ...sound, meta: { timeoutMs: -1 } }), /\(meta\.timeoutMs\)/);
});
