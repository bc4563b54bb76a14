import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import {
  advertisedAddress,
  isForNobodyElse,
  isLoopback,
} from "../../../src/library/running/advertise.ts";

const interfaces = () => [
  { address: "127.0.0.1", family: "IPv4" },
  { address: "::1", family: "IPv6" },
  { address: "169.254.3.4", family: "IPv4" },
  { address: "fe80::1", family: "IPv6" },
  { address: "192.168.0.211", family: "IPv4" },
  { address: "10.0.0.1", family: "IPv4" },
  { address: "2001:db8::7", family: "IPv6" },
];

function address(host: string, advertise?: string, isLocal = false, own = interfaces) {
  return advertisedAddress({
    listening: { host, port: 6666 },
    advertise,
    isLocal,
    interfaces: own,
  });
}

Deno.test("the address that is listened on is announced", () => {
  assert.deepEqual(address("192.168.0.211"), { host: "192.168.0.211", port: 6666 });
  assert.deepEqual(address("::1"), { host: "::1", port: 6666 });
  assert.deepEqual(address("host.example"), { host: "host.example", port: 6666 });
});

Deno.test("a wildcard is never announced: the machine's first own address is", () => {
  assert.deepEqual(address("0.0.0.0"), { host: "192.168.0.211", port: 6666 });
  assert.deepEqual(address("::"), { host: "2001:db8::7", port: 6666 });
  assert.deepEqual(address("0.0.0.0", undefined, true), { host: "127.0.0.1", port: 6666 });
  assert.deepEqual(address("::", undefined, true), { host: "::1", port: 6666 });
});

Deno.test("a machine without an address of its own has to be told one", () => {
  const lonely = () => interfaces().slice(0, 4);
  assert.throws(() => address("0.0.0.0", undefined, false, lonely), (error) => {
    assert.ok(error instanceof RpcError && error.name === "InvalidParams");
    assert.match(error.message, /no other IPv4 address; name one \(--advertise, or advertise\)/);
    return true;
  });
});

Deno.test("--advertise goes before all else, with a port or without", () => {
  for (
    const [text, host, port] of [
      ["host.example", "host.example", 6666],
      ["host.example:80", "host.example", 80],
      ["192.168.0.1:65535", "192.168.0.1", 65_535],
      ["[2001:db8::1]:80", "2001:db8::1", 80],
      ["[2001:db8::1]", "2001:db8::1", 6666],
      ["2001:db8::1", "2001:db8::1", 6666],
    ] as const
  ) {
    assert.deepEqual(address("0.0.0.0", text), { host, port }, text);
  }
  for (const text of ["", "0.0.0.0", "::", "host:0", "host:65536", "a b", "host:", ":80"]) {
    assert.throws(
      () => address("127.0.0.1", text),
      /give a host that clients can connect to/,
      text,
    );
  }
});

Deno.test("a loopback address in a registry of the network is for nobody else", () => {
  const at = (host: string, url: string) => isForNobodyElse({ host, port: 1 }, url);
  assert.equal(at("127.0.0.1", "zookeeper://192.168.0.211:2181"), true);
  assert.equal(at("localhost", "zookeeper://me:secret@zk.example:2181/path"), true);
  assert.equal(at("192.168.0.1", "zookeeper://192.168.0.211:2181"), false);
  // A ZooKeeper on this machine is mostly for trying things out.
  for (const host of ["127.0.0.1", "localhost", "me:secret@127.0.0.1"]) {
    assert.equal(at("127.0.0.1", `zookeeper://${host}:2181`), false);
  }
  assert.equal(at("127.0.0.1", "local:"), false);
  assert.deepEqual(["127.3.4.5", "::1", "localhost", "10.0.0.1"].map(isLoopback), [
    ...[true, true, true, false],
  ]);
});

Deno.test("an address may name the interface that it is reached by, listened on or advertised", () => {
  const linkLocal = { host: "fe80::1%eth0", port: 6666 };
  assert.deepEqual(address("fe80::1%eth0"), linkLocal);
  assert.deepEqual(address("::", "fe80::1%eth0"), linkLocal);
  assert.deepEqual(address("::", "[fe80::1%eth0]:6666"), linkLocal);
});
