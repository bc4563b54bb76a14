import assert from "node:assert/strict";
import { pickServer, shortIdOf } from "../../src/cli/pick_server.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { instanceAt } from "../support/fake_discovery.ts";

const known = ["3f0c9a12-aa", "3f0c9a12-bb", "81d2e6b7-cc"].map((id, i) =>
  instanceAt(4000 + i, { id })
);
/** As a list in a registry's URL has them. */
const addresses = [4000, 4001].map((port) => instanceAt(port, { id: `127.0.0.1:${port}` }));

const pick = (wanted: string, instances: readonly Instance[]) =>
  pickServer(wanted, { instances, stale: false });

Deno.test("a server is found by its address, its id or the beginning of that", () => {
  assert.equal(pick("127.0.0.1:4001", known), known[1]);
  assert.equal(pick("3f0c9a12-bb", known), known[1]);
  assert.equal(pick("81", known), known[2]);
  assert.equal(pick("127.0.0.1:4001", addresses), addresses[1]);
});

Deno.test("who is shown in place of one that is not there can be picked as it is shown", () => {
  assert.equal(shortIdOf(known[2] as Instance), "81d2e6b7");
  assert.throws(() => pick("x", known), {
    message: 'No server "x" is registered: there are 127.0.0.1:4000 (3f0c9a12), ' +
      "127.0.0.1:4001 (3f0c9a12), 127.0.0.1:4002 (81d2e6b7)",
  });
  assert.throws(() => pick("x", addresses), {
    message: 'No server "x" is registered: there are 127.0.0.1:4000, 127.0.0.1:4001',
  });
});
