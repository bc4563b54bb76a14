import assert from "node:assert/strict";
// deno-lint-ignore no-import-prefix
import { Validator } from "npm:@seriousme/openapi-schema-validator@2.11.0";
import { toOpenApi } from "../../../src/gateway/documents/openapi.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { toOpenRpc } from "../../../src/procedures/documents/describe.ts";
import { openRpcSchema } from "../../../src/procedures/openrpc.ts";

Deno.test("the OpenAPI document of built-in, recursive and odd methods is valid 3.1", async () => {
  const own = toOpenRpc(builtin, { title: "rpc", version: "" });
  const odd = openRpcSchema.parse({
    openrpc: "1.3.2",
    info: { title: "odd", version: "1" },
    methods: [
      { name: "img.scale {x}/é" },
      { name: "img_scale__x____" },
      { name: "half\ud800" },
      {
        name: "tree",
        params: [
          {
            name: "pair",
            required: true,
            schema: { type: "array", items: [{}, { type: "string" }] },
          },
          {
            name: "node",
            schema: {
              type: "object",
              properties: {
                next: { $ref: "#/definitions/a" },
                items: { $ref: "#" },
                odd: { $ref: { toString: 1 } },
              },
              definitions: {
                a: { type: "array", items: [{ enum: [["$ref"]] }], additionalItems: false },
              },
            },
          },
        ],
        result: { schema: true },
        "x-stream": true,
      },
    ],
  });
  const document = toOpenApi(
    { ...own, methods: [...own.methods, ...odd.methods] },
    "http://127.0.0.1:1",
  );
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
  const text = JSON.stringify(document);
  assert.ok(text.includes('"#/components/schemas/tree.params.1/$defs/a"'));
  assert.ok(!text.includes("additionalItems"));
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, own.methods.length + 4);
});

/** The document of one method with these parameters. */
function documentOf(name: string, schemas: readonly unknown[], more = {}) {
  const params = schemas.map((schema, index) => ({ name: `p${index}`, required: true, schema }));
  const methods = [{ name, params, result: { schema: { type: "number" } }, ...more }];
  const info = { title: "x", version: "1" };
  const document = toOpenApi(
    openRpcSchema.parse({ openrpc: "1.3.2", info, methods }),
    "http://127.0.0.1:1",
  );
  const paths = document.paths as Record<string, { post: Record<string, unknown> }>;
  const [path = ""] = Object.keys(paths);
  const { operationId, summary, requestBody, responses } = (paths[path]?.post ?? {}) as {
    operationId: string;
    summary: string;
    requestBody: { content: Record<string, { schema: unknown }> };
    responses: Record<string, { content: Record<string, { schema: unknown }> }>;
  };
  const json = "application/json";
  return {
    path,
    operationId,
    summary,
    body: requestBody.content[json]?.schema,
    result: responses["200"]?.content[json]?.schema,
  };
}

Deno.test("generators find names of letters, no schema that is a truth value, and numbers of 64 bits", () => {
  const pair = { type: "array", items: [{ type: "integer" }], additionalItems: false };
  const { body, result } = documentOf("a", [pair, { type: ["integer", "null"] }]);
  assert.deepEqual(body, {
    type: "object",
    required: ["p0", "p1"],
    properties: {
      p0: { type: "array", prefixItems: [{ type: "integer", format: "int64" }], maxItems: 1 },
      p1: { type: ["integer", "null"], format: "int64" },
    },
  });
  assert.deepEqual(result, { type: "number", format: "double" });
  const byPosition = documentOf("a", [], { paramStructure: "by-position" });
  assert.deepEqual(byPosition.body, { type: "array", items: {}, maxItems: 0, minItems: 0 });
  const choice = { type: ["string", "integer"], default: 1 };
  assert.deepEqual(documentOf("a", [choice]).body, {
    ...{ type: "object", required: ["p0"] },
    properties: {
      p0: { anyOf: [{ type: "string" }, { type: "integer", format: "int64" }], default: 1 },
    },
  });
  const given = { type: "integer", format: "int32" };
  assert.deepEqual(documentOf("a", [given]).body, {
    ...{ type: "object", required: ["p0"] },
    properties: { p0: given },
  });
  for (
    const [name, path, id] of [
      ["img.scale", "/call/img.scale", "img_scale"],
      ["中文", "/call/中文", "method_"],
      ["2 {x}/%", "/call/2%20%7Bx%7D%2F%25", "method_2__x___"],
      ["_a", "/call/_a", "method_a"],
    ] as const
  ) {
    const { path: found, operationId, summary } = documentOf(name, []);
    // Linters want a summary of each operation.
    assert.deepEqual([found, operationId, summary], [path, id, name]);
  }
});

Deno.test("names that are reduced to the same letters are told apart without trying all before", () => {
  // A time that grows by the square of this is minutes.
  const names = Array.from({ length: 50_000 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  const methods = ["method__2", ...names].map((name) => ({ name }));
  const info = { title: "x", version: "1" };
  const { paths } = toOpenApi(
    openRpcSchema.parse({ openrpc: "1.3.2", info, methods }),
    "http://127.0.0.1:1",
  );
  const ids = Object.values(paths as Record<string, { post: { operationId: string } }>)
    .map(({ post }) => post.operationId);
  assert.deepEqual(ids.slice(0, 4), ["method__2", "method_", "method__3", "method__4"]);
  assert.equal(new Set(ids).size, ids.length);
});
