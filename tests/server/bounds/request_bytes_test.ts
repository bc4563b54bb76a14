import assert from "node:assert/strict";
import { shortRequestBytes } from "../../../src/server/limits.ts";
import { RequestBytes } from "../../../src/server/bounds/request_bytes.ts";

const mebibyte = 1024 * 1024;

Deno.test("the long requests of one caller leave half of the room to others, short ones always have it (P-44)", () => {
  const requests = new RequestBytes(8 * mebibyte);
  const [one, other] = [{}, {}];
  const greedy = requests.shareOf(one);
  for (let i = 0; i < 4; i++) {
    assert.ok(requests.hasRoom(greedy, mebibyte));
    requests.add(greedy, mebibyte);
  }
  assert.ok(!requests.hasRoom(requests.shareOf(one), mebibyte));
  assert.ok(requests.hasRoom(greedy, shortRequestBytes));
  const honest = requests.shareOf(other);
  for (let i = 0; i < 4; i++) {
    assert.ok(requests.hasRoom(honest, mebibyte));
    requests.add(honest, mebibyte);
  }
  assert.ok(!requests.hasRoom(requests.shareOf({}), mebibyte));
  requests.add(greedy, -mebibyte);
  assert.ok(requests.hasRoom(requests.shareOf({}), mebibyte));
});
