import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as z from "zod";
import {
  callTimeoutMsMax,
  idLengthMax,
  methodLengthMax,
  streamCreditMax,
} from "../../src/base/limits.ts";
import {
  cancelledId,
  errorDataOf,
  isResponseValue,
  type Params,
  requestFault,
} from "../../src/wire/message.ts";
import { itemParams, moreParams } from "../../src/wire/stream_params.ts";

// The messages once more, as schemas: the checks, which are written out for speed, must agree with them.

const id = z.union([z.number(), z.string().max(idLengthMax), z.null()]);
const params = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);
const credit = z.int().min(1).max(streamCreditMax);
const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: id.optional(),
  method: z.string().max(methodLengthMax),
  params: params.optional(),
  meta: z.object({
    timeoutMs: z.number().min(0).max(callTimeoutMsMax).optional(),
    stream: credit.optional(),
  }).optional(),
});
const error = z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() });
const responseSchema = z.union([
  z.object({ jsonrpc: z.literal("2.0"), id, result: z.unknown().optional(), error }),
  z.object({ jsonrpc: z.literal("2.0"), id, result: z.unknown(), error: z.undefined().optional() })
    .refine((response) => "result" in response),
]);
const errorDataSchema = z.object({
  executed: z.enum(["no", "maybe", "yes"]).optional(),
  issues: z.array(z.object({
    path: z.array(z.union([z.string(), z.number()])),
    message: z.string(),
  })).optional(),
});

const oddities = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -1, 1e300, "", "x".repeat(257), [], {}) },
);

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
      params: member([1], { a: 1 }),
      meta: fc.oneof(
        fc.record({
          timeoutMs: member(0, 5, callTimeoutMsMax),
          stream: member(1, streamCreditMax),
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

Deno.test("a value is a request exactly if its schema says so (P-7, P-8, P-9, P-10, P-11)", () => {
  let sound = 0;
  fc.assert(
    fc.property(message, (value) => {
      const expected = requestSchema.safeParse(value).success;
      if (expected) sound++;
      assert.equal(requestFault(value) === undefined, expected, requestFault(value) ?? "sound");
    }),
    runs,
  );
  assert.ok(sound > 0);
});

Deno.test("a value is an answer exactly if its schema says so (P-8, P-10, P-13, P-19)", () => {
  let sound = 0;
  fc.assert(
    fc.property(message, (value) => {
      const expected = responseSchema.safeParse(value).success;
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
  const itemSchema = z.object({ id, items: z.array(z.unknown()) });
  const moreSchema = z.object({ id, n: credit });
  const notification = fc.record({
    id: member(1, "a", null),
    items: member([], [1, null]),
    n: member(1, streamCreditMax, 1.5),
  }, { requiredKeys: [] });
  fc.assert(
    fc.property(notification, (value) => {
      assert.deepEqual(itemParams(value as Params), itemSchema.safeParse(value).data);
      assert.deepEqual(moreParams(value as Params), moreSchema.safeParse(value).data);
    }),
    runs,
  );
  assert.equal(itemParams([1, []]), undefined);
  assert.equal(moreParams(undefined), undefined);
});

Deno.test("rpc.cancel names a request by its id, and by nothing else (P-31)", () => {
  const schema = z.object({ id });
  fc.assert(
    fc.property(fc.record({ id: member(1, "a", null) }, { requiredKeys: [] }), (value) => {
      assert.equal(cancelledId(value as Params), schema.safeParse(value).data?.id);
    }),
    runs,
  );
  assert.equal(cancelledId([1]), undefined);
  assert.equal(cancelledId(undefined), undefined);
});

Deno.test("what is wrong with a request names the member that is wrong (P-7)", () => {
  const sound = { jsonrpc: "2.0", method: "m" };
  assert.match(requestFault([]) ?? "", /object/);
  assert.match(requestFault({ ...sound, jsonrpc: "1.0" }) ?? "", /jsonrpc/);
  assert.match(requestFault({ ...sound, id: {} }) ?? "", /id/);
  assert.match(requestFault({ ...sound, method: 1 }) ?? "", /method/);
  assert.match(requestFault({ ...sound, params: 1 }) ?? "", /params/);
  assert.match(requestFault({ ...sound, meta: [] }) ?? "", /meta/);
  assert.match(requestFault({ ...sound, meta: { timeoutMs: -1 } }) ?? "", /meta\.timeoutMs/);
});
