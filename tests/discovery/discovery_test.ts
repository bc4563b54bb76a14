import assert from "node:assert/strict";
import { startText } from "../../src/discovery/discovery.ts";

Deno.test("who finds no server is told to start one that the registry's clients reach", () => {
  assert.equal(startText("local:"), "start one: rpc serve 127.0.0.1 0");
  assert.equal(startText("static:10.0.0.1:6666"), "start one: rpc serve 127.0.0.1 0");
  assert.equal(
    startText("zookeeper://127.0.0.1:2181", "images"),
    "start one: rpc serve 127.0.0.1 0 --service images",
  );
  assert.equal(startText("zookeepers://me:***@[::1]:2281"), "start one: rpc serve 127.0.0.1 0");
  assert.equal(
    startText("zookeeper://192.168.0.211:2181,127.0.0.1:2181"),
    "start one: rpc serve 0.0.0.0 6666",
  );
  assert.equal(
    startText("zookeepers://me:***@zk:2281/rpc", "images"),
    "start one: rpc serve 0.0.0.0 6666 --service images",
  );
});
