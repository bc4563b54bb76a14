import assert from "node:assert/strict";
import { addressOf, addressToListen, parseHostPort } from "../../../src/base/names/host_port.ts";

Deno.test("addressOf() puts brackets round IPv6 addresses only", () => {
  assert.equal(addressOf({ host: "::1", port: 3 }), "[::1]:3");
  assert.equal(addressOf({ host: "zk", port: 2181 }), "zk:2181");
});

Deno.test("parseHostPort() reads hosts and ports as people write them", () => {
  const cases: readonly (readonly [text: string, host: string, port: number | undefined])[] = [
    ["zk", "zk", undefined],
    ["zk-1.example.org:2181", "zk-1.example.org", 2181],
    ["127.0.0.1:0", "127.0.0.1", 0],
    ["[::1]", "::1", undefined],
    ["[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80],
    ["[FE80::1%eth0.5]:99999", "FE80::1%eth0.5", 99_999],
  ];
  for (const [text, host, port] of cases) {
    assert.deepEqual(parseHostPort(text), { host, port }, text);
  }
});

Deno.test("parseHostPort() takes nothing whose host or port is in doubt", () => {
  const texts = ["", ":80", "a:", "a:x", "a:-1", "a b:1", "a/b:1", "::1", "::1:80", "[::1", "[]:1"];
  for (const text of [...texts, "[127.0.0.1]:1", "[127.%1]:2", "[::1%]:1", "[::1]80", "[zk]:1"]) {
    assert.equal(parseHostPort(text), undefined, text);
  }
});

Deno.test("localhost is listened on where only this machine comes, and all else as it is given", () => {
  const hosts = ["localhost", "LocalHost", "localhost.example", "0.0.0.0", "::1"];
  assert.deepEqual(hosts.map(addressToListen), ["127.0.0.1", "127.0.0.1", ...hosts.slice(2)]);
});
