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

Deno.test("an id that would come back as another one is refused, and names no other request (P-8)", () => {
  const line = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"m","params":[1.0]}`;
  for (const id of ["9007199254740990.5", "1.00000000000000000001", "0.1e-400"]) {
    const read = readRequest(line(id));
    assert.ok(read instanceof BadMessage, id);
    assert.deepEqual([read.id, read.error.name], [null, "InvalidRequest"]);
    const batch = readRequest(`[${line("1e0")},${line(id)}]`);
    assert.ok(batch instanceof LazyBatch);
    assert.deepEqual([...batch].map((one) => one instanceof BadMessage), [false, true]);
    const cancel = readRequest(`{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":${id}}}`);
    assert.deepEqual("params" in cancel && cancel.params, {});
  }
  for (const [id, number] of [["1.0", 1], ["1e0", 1], ["-0", -0], ["5e-1", 0.5]] as const) {
    const read = readRequest(line(id));
    assert.ok("id" in read && Object.is(read.id, number), id);
  }
});

function isAtOnce(line: string): boolean {
  const read = readRequest(line);
  const all = read instanceof LazyBatch ? [...read] : [read];
  return all.every((one) => !(one instanceof Promise));
}
