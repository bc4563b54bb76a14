import assert from "node:assert/strict";
import { BadMessage, LazyBatch } from "../../../src/wire/requests/incoming.ts";
import { readRequest } from "../../../src/wire/requests/read_request.ts";

const sound = [
  '{"jsonrpc":"2.0","id":1,"method":"m"}',
  '{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":1}}',
  '{"params":{"a":1.0},"method":"m","id":"a","jsonrpc":"2.0"}',
  '{"jsonrpc":"2.0","id":null,"method":"m","meta":{"timeoutMs":5,"stream":1,"caller":"a"}}',
  '[{"jsonrpc":"2.0","id":1,"method":"m"},{"jsonrpc":"2.0","id":2,"method":"m"}]',
  "[]",
  "no JSON",
];
const unsound = [
  '{"jsonrpc":"2.0","id":1,"method":7}',
  '[{"jsonrpc":"2.0","id":1,"method":"m"},1]',
];

Deno.test("what is sound is read at once, and the schemas are loaded for the first message that is not (P-7)", async () => {
  for (const line of sound) assert.ok(isAtOnce(line), line);
  // Two that come together are both answered.
  const loading = unsound.map((line) => readRequest(line));
  const [alone, batch] = loading;
  assert.ok(alone instanceof Promise && batch instanceof LazyBatch);
  const [one, ...members] = await Promise.all([alone, ...batch]);
  assert.ok(one instanceof BadMessage && one.id === 1 && one.error.name === "InvalidRequest");
  assert.deepEqual(members.map((member) => member instanceof BadMessage), [false, true]);
  for (const line of [...sound, ...unsound]) assert.ok(isAtOnce(line), line);
});

function isAtOnce(line: string): boolean {
  const read = readRequest(line);
  const all = read instanceof LazyBatch ? [...read] : [read];
  return all.every((one) => !(one instanceof Promise));
}
