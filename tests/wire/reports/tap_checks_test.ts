import assert from "node:assert/strict";
import * as fc from "fast-check";
import { methodLengthMax, tapMethodsMax } from "../../../src/base/limits.ts";
import type { Params } from "../../../src/wire/message.ts";
import { tapParamsSchema } from "../../../src/wire/reports/tap.ts";
import { soundTapParams } from "../../../src/wire/reports/tap_checks.ts";

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
