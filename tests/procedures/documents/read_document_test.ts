import assert from "node:assert/strict";
import { toOpenRpc } from "../../../src/procedures/documents/describe.ts";
import { readDocument } from "../../../src/procedures/documents/read_document.ts";
import { openRpcSchema } from "../../../src/procedures/openrpc.ts";
import { plainBuiltin } from "../../../src/procedures/plain/plain_builtin.ts";
import * as fc from "../../support/fast_check.ts";

const ours = toOpenRpc(plainBuiltin, { title: "t", version: "1" });

/** A document of ours in which one member somewhere is another value, or has gone, or is more. */
const nearly = fc.tuple(
  fc.constantFrom<readonly (string | number)[]>(
    [],
    ["info"],
    ["methods"],
    ["methods", 1],
    ["methods", 1, "params"],
    ["methods", 1, "params", 0],
    ["methods", 1, "result"],
  ),
  fc.constantFrom(
    ...["openrpc", "info", "methods", "title", "version", "description", "name", "summary"],
    ...["params", "required", "schema", "result", "paramStructure", "x-kind", "x-idempotent"],
    ...["x-stream", "x-callers", "x-message-max", "other"],
  ),
  fc.constantFrom<unknown>(undefined, null, "io", "either", true, 7, [], ["a"], {}, [{}]),
).map(([path, name, value]) => {
  const document = structuredClone(ours) as unknown as Record<string, unknown>;
  let at: Record<string | number, unknown> = document;
  for (const key of path) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[name];
  else at[name] = value;
  return JSON.parse(JSON.stringify(document)) as unknown;
});

Deno.test("a worker's description of ours is read at once", () => {
  const document: unknown = JSON.parse(JSON.stringify(ours));
  assert.equal(readDocument(document), document);
});

Deno.test("what a server of ours says of itself is read at once", () => {
  const info = { title: "t", version: "1", description: "d", "x-message-max": 4_194_304 };
  const document: unknown = JSON.parse(JSON.stringify(toOpenRpc(plainBuiltin, info)));
  assert.equal(readDocument(document), document);
});

Deno.test("a description is read as its schema reads it, also where one member is another (P-29)", async () => {
  let atOnce = 0;
  await fc.assert(
    fc.asyncProperty(nearly, async (value) => {
      const read = readDocument(value);
      if (!(read instanceof Promise)) atOnce++;
      assert.deepEqual(await read, openRpcSchema.safeParse(value).data);
    }),
    { numRuns: 3_000 },
  );
  assert.ok(atOnce > 0);
});
