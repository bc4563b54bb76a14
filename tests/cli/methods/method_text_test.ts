import assert from "node:assert/strict";
import { methodText, signatureOf } from "../../../src/cli/methods/method_text.ts";
import { openRpcMethodSchema } from "../../../src/procedures/openrpc.ts";

const full = openRpcMethodSchema.parse({
  name: "label",
  summary: "Labels a picture",
  params: [
    { name: "text", required: true, schema: { type: "string", examples: ["it's 5"] } },
    { name: "options", schema: { type: "object", description: "How it looks" } },
  ],
  result: { name: "result", schema: { type: "boolean" } },
  "x-kind": "io",
  "x-idempotent": true,
});

Deno.test("methodText() tells all of a method", () => {
  assert.equal(
    methodText(full),
    `label(text: string, options?: object)
  Labels a picture

parameters
  text           string
  options        object, optional: How it looks

call
  returns        boolean
  runs           io: many at a time in a worker
  may run twice  yes

example
  rpc call label 'it'\\''s 5'
  rpc call label --params '{"text":"it'\\''s 5"}'`,
  );
});

Deno.test("methodText() makes do with a name alone", () => {
  const bare = openRpcMethodSchema.parse({ name: "go" });
  assert.equal(signatureOf(bare), "go()");
  assert.match(methodText(bare), /^go\(\)\n\ncall\n.*any\n.*\n.*no\n\nexample\n {2}rpc call go$/s);
});

Deno.test("methodText() says of a stream what its items are", () => {
  const stream = openRpcMethodSchema.parse({ ...full, "x-stream": true });
  assert.match(methodText(stream), /^ {2}yields +boolean$/m);
});
