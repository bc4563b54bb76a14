import assert from "node:assert/strict";
import * as z from "zod";
import { judged } from "../../../src/base/values/judged.ts";

const incomparable = { length: { toString: 1 } };

Deno.test("a value whose length can be compared with nothing fits no schema, and nothing is thrown", () => {
  const schemas: z.ZodType[] = [
    z.string().max(5),
    z.array(z.unknown()).min(1),
    z.string().length(2),
  ];
  for (const schema of schemas) {
    assert.equal(judged(schema, incomparable), undefined);
    assert.equal(judged(z.tuple([z.tuple([schema])]), [[incomparable]]), undefined);
    assert.equal(judged(schema, 7)?.success, false);
  }
  assert.equal(judged(z.string().max(5), "a")?.data, "a");
});

Deno.test("what a check of a schema's own throws is thrown", () => {
  const schema = z.string().refine(() => {
    throw new Error("no luck");
  });
  assert.throws(() => judged(schema, "a"), /no luck/);
});
