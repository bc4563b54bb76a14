import assert from "node:assert/strict";
import { methodLengthMax, tapMethodsMax } from "../../../src/base/limits.ts";
import type { Params } from "../../../src/wire/message.ts";
import { tapItemSchema, tapParamsSchema } from "../../../src/wire/reports/tap.ts";
import { soundTapItem, soundTapParams } from "../../../src/wire/reports/tap_checks.ts";
import * as fc from "../../support/fast_check.ts";

const longName = "x".repeat(methodLengthMax);

Deno.test("parameters of rpc.tap are sound exactly if their schema says so (P-75)", () => {
  const odd = fc.jsonValue({ maxDepth: 1 });
  const methods = fc.constantFrom<unknown>(
    ...[[], ["a", "b*"], [longName], [`${longName}x`], [1]],
    ...[0, 1].map((more) => Array<string>(tapMethodsMax + more).fill("a")),
  );
  const params = fc.record({
    methods: fc.oneof(methods, odd),
    failed: fc.oneof(fc.boolean(), odd),
    slowMs: fc.oneof(fc.constantFrom(0, 0.5, -1, 1e300), odd),
    counts: fc.oneof(fc.boolean(), odd),
    other: odd,
  }, { requiredKeys: [] });
  let sound = 0;
  fc.assert(
    fc.property(params, (value) => {
      const given = JSON.parse(JSON.stringify(value)) as Params;
      const { data } = tapParamsSchema.safeParse(given);
      if (data !== undefined) sound++;
      assert.deepEqual(soundTapParams(given), data);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(sound > 20);
  assert.deepEqual(soundTapParams(undefined), {});
  assert.equal(soundTapParams([]), undefined);
});

Deno.test("an item of rpc.tap that is told at once is what its schema says (P-75)", () => {
  const event = {
    ...{ atMs: 1_764_000_000_000, caller: null, from: "127.0.0.1:1", method: "ping" },
    ...{ params: "[1]", outcome: "InternalError", message: "no", ms: 0.25, missed: 3 },
  };
  const { message: _, ...success } = event;
  for (const item of [event, success, { missed: 2 }]) assert.equal(soundTapItem(item), item);
  const nearly = fc.tuple(
    fc.constantFrom(event, success, { missed: 2 }),
    fc.constantFrom(...Object.keys(event), "toString", "other"),
    fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 1 })),
  ).map(([item, name, value]) => JSON.parse(JSON.stringify({ ...item, [name]: value })));
  fc.assert(
    fc.property(fc.oneof(nearly, fc.jsonValue()), (item) => {
      const sound = soundTapItem(item);
      if (sound !== undefined) assert.deepEqual(sound, tapItemSchema.parse(item));
    }),
    { numRuns: 2_000 },
  );
});
