import assert from "node:assert/strict";
import { parseConnectString } from "../../src/zookeeper/connect_string.ts";
import { isZooKeeperError } from "../../src/zookeeper/errors.ts";

const cases: [string, ReturnType<typeof parseConnectString>][] = [
  ["zk", { members: [{ host: "zk", port: 2181 }], chroot: "" }],
  ["10.0.0.1:2182/", { members: [{ host: "10.0.0.1", port: 2182 }], chroot: "" }],
  ["a:1, b ,[::1]:3,[fe80::1]/lab/x", {
    members: [
      { host: "a", port: 1 },
      { host: "b", port: 2181 },
      { host: "::1", port: 3 },
      { host: "fe80::1", port: 2181 },
    ],
    chroot: "/lab/x",
  }],
];

for (const [text, expected] of cases) {
  Deno.test(`parseConnectString() reads ${text}`, () => {
    assert.deepEqual(parseConnectString(text), expected);
  });
}

for (
  const text of ["", "a,,b", ":2181", "a:", "a:0", "a:65536", "a:x", "::1", "[::1", "a/x/", "a//"]
) {
  Deno.test(`parseConnectString() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseConnectString(text),
      (error) => isZooKeeperError(error, "BAD_ARGUMENTS"),
    );
  });
}
