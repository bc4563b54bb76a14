import assert from "node:assert/strict";
import { unexplained } from "../../../src/wire/requests/incoming.ts";

Deno.test("what is no request is told so also where the schemas cannot be loaded (P-7)", () => {
  const id = (value: unknown) => {
    const { id, error } = unexplained(value);
    assert.equal(error.name, "InvalidRequest");
    return id;
  };
  assert.deepEqual([{ id: 7 }, { id: "a" }, { id: [] }, 5, null, [1]].map(id), [
    ...[7, "a", null, null, null, null],
  ]);
});
