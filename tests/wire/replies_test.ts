import assert from "node:assert/strict";
import * as z from "zod";
import { RpcError } from "../../src/base/errors.ts";
import { decodeReply, isResponse, toRpcError } from "../../src/wire/codec.ts";

const fileSchema = z.object({
  vectors: z.array(z.strictObject({
    name: z.string(),
    clauses: z.array(z.string()),
    line: z.string(),
    expect: z.unknown(),
  })),
});

const text = Deno.readTextFileSync(new URL("../vectors/replies.json", import.meta.url));

for (const vector of fileSchema.parse(JSON.parse(text)).vectors) {
  Deno.test(`replies: ${vector.name} (${vector.clauses.join(", ")})`, () => {
    assert.deepEqual(outcomeOf(vector.line), vector.expect);
  });
}

/** What a client makes of a line, in the form of the vectors. */
function outcomeOf(line: string): unknown {
  try {
    const reply = decodeReply(line);
    if (!isResponse(reply)) return { notification: reply.method };
    if (reply.error === undefined) return { id: reply.id, result: reply.result };
    const { name, executed, message, issues } = toRpcError(reply.error);
    const error = { name, executed, message };
    return { id: reply.id, error: issues === undefined ? error : { ...error, issues } };
  } catch (error) {
    assert.ok(error instanceof RpcError);
    return { refused: error.name };
  }
}
