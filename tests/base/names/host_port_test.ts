import assert from "node:assert/strict";
import { addressOf } from "../../../src/base/names/host_port.ts";

Deno.test("addressOf() puts brackets round IPv6 addresses only", () => {
  assert.equal(addressOf({ host: "::1", port: 3 }), "[::1]:3");
  assert.equal(addressOf({ host: "zk", port: 2181 }), "zk:2181");
});
