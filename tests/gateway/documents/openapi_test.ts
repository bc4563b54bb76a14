import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { toOpenApi } from "../../../src/gateway/documents/openapi.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { openRpcSchema, toOpenRpc } from "../../../src/procedures/openrpc.ts";

Deno.test("the OpenAPI document of built-in, recursive and odd methods is valid 3.1", async () => {
  const own = toOpenRpc(builtin, { title: "rpc", version: "" });
  const odd = openRpcSchema.parse({
    openrpc: "1.3.2",
    info: { title: "odd", version: "1" },
    methods: [
      { name: "img.scale {x}/é" },
      { name: "img_scale__x____" },
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
              properties: { next: { $ref: "#/definitions/a" }, items: { $ref: "#" } },
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
  assert.equal(new Set(ids).size, own.methods.length + 3);
});
