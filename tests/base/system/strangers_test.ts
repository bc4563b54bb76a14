import assert from "node:assert/strict";
import { strangersDirectoryFault, strangersFault } from "../../../src/base/system/strangers.ts";
import { modeTest } from "../../support/posix.ts";

const own = 1_000;
const fault = (mode: number, uid: number, user = own) =>
  strangersFault("/some dir/rpc.toml", { mode, uid }, "600", user);

modeTest(
  "a file that another user could have written is told, with the command that mends it",
  () => {
    const path = "'/some dir/rpc\\.toml'$";
    assert.match(fault(0o646, own) ?? "", RegExp(`change it; first: chmod 600 ${path}`));
    assert.match(fault(0o600, 1_001) ?? "", RegExp(`uid 1001.*; first: sudo chown 1000 ${path}`));
    assert.equal(fault(0o664, own), undefined, "a group may be the user's own");
    assert.equal(fault(0o644, 0), undefined, "root may change everything anyway");
  },
);

modeTest("root takes what belongs to whoever it runs for, but not what all may change", () => {
  assert.equal(fault(0o600, 1_001, 0), undefined);
  assert.match(fault(0o666, 1_001, 0) ?? "", /chmod 600/);
});

modeTest("of an owner without a number in a user namespace a command here cannot help", () => {
  const told = (isNamespace: boolean) =>
    strangersFault("/f", { mode: 0o600, uid: 65_534 }, "600", own, () => isNamespace) ?? "";
  assert.match(told(true), /cannot be told in this container .*on the host: chown/);
  assert.match(told(false), /another user's \(uid 65534\).*sudo chown 1000 \/f$/);
});

modeTest(
  "in a directory that all may write another user could put a file, unless it is sticky",
  () => {
    const uid = Deno.uid() ?? 0;
    assert.match(strangersDirectoryFault("/d", { mode: 0o777, uid }) ?? "", /chmod 700 \/d$/);
    assert.equal(strangersDirectoryFault("/d", { mode: 0o1777, uid }), undefined);
  },
);

/** Calls with another answer to the question for a right, and to all reading of files. */
function withSystem(
  state: Deno.PermissionState,
  read: (path: string | URL) => string,
  call: () => void,
): void {
  const { readTextFileSync } = Deno;
  const { querySync } = Deno.permissions;
  try {
    Deno.permissions.querySync = () => ({ state }) as Deno.PermissionStatus;
    Deno.readTextFileSync = read;
    call();
  } finally {
    Deno.readTextFileSync = readTextFileSync;
    Deno.permissions.querySync = querySync;
  }
}

const ofNobody = () => strangersFault("/f", { mode: 0o600, uid: 65_534 }, "600", own) ?? "";

modeTest("a user namespace is told by the users that have numbers in it", () => {
  const told = (map: string) => {
    let text = "";
    withSystem("granted", () => map, () => text = ofNobody());
    return text;
  };
  assert.match(told("         0          0 4294967295\n"), /sudo chown/);
  assert.match(
    told("         0       1000          1\n         1     100000      65536\n"),
    /host/,
  );
});

modeTest("a program that may not read is not stopped to be asked for that", () => {
  let askedCount = 0;
  const read = () => String(askedCount++);
  withSystem("prompt", read, () => assert.match(ofNobody(), /sudo chown/));
  assert.equal(askedCount, 0);
});

modeTest("a program that may not know its user is not stopped to be asked for that", () => {
  const { uid } = Deno;
  let askedCount = 0;
  try {
    Deno.uid = () => askedCount++;
    withSystem("prompt", () => "", () => {
      assert.equal(strangersFault("/f", { mode: 0o600, uid: 1_001 }, "600"), undefined);
    });
    assert.equal(askedCount, 0);
  } finally {
    Deno.uid = uid;
  }
});
