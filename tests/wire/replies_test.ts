import assert from "node:assert/strict";
import * as z from "zod";
import { RpcError } from "../../src/base/errors.ts";
import { decodeReply, isResponse, toRpcError } from "../../src/wire/codec.ts";
import { toldOfClients } from "../../src/wire/reply_checks.ts";

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

Deno.test("P-77: a load is told of, else connections, and neither if it is no such number", () => {
  assert.deepEqual(toldOfClients({ connections: 3, load: 700 }), { kind: "load", n: 700 });
  assert.deepEqual(toldOfClients({ connections: 3, load: 0 }), { kind: "connections", n: 3 });
  for (const n of [0, 0.5, -1, NaN, 1e300, Infinity, "9", null, [1], undefined]) {
    assert.equal(toldOfClients({ connections: n, load: n }), undefined, String(n));
  }
  for (const result of ["pong", null, undefined, 3, [3]]) {
    assert.equal(toldOfClients(result), undefined);
  }
});
