import assert from "node:assert/strict";
import { serviceEnvironment } from "../../../src/cli/service/environment.ts";
import { onWindows } from "../../support/posix.ts";

const root = { username: "root", homedir: "/root" };

Deno.test("a service finds its settings and programs, and has nothing else of who installs it", () => {
  const found = { PATH: "/bin", RPC_KEYS: "/etc/rpc", XDG_STATE_HOME: "/var/lib" };
  const env = { ...found, HOME: "/root", RPC_ZONE: "", LS_COLORS: "x", SSH_AUTH_SOCK: "/s" };
  assert.deepEqual(serviceEnvironment("root", env, root), found);
});

Deno.test("a home that the system does not know is told to a service of the same user", () => {
  const env = { HOME: "/opt/rpc" };
  const told = onWindows ? {} : env;
  assert.deepEqual(serviceEnvironment("root", env, root), told);
  assert.deepEqual(serviceEnvironment(undefined, env, root), told);
  // By sudo, or su: what root has as its home is not theirs.
  assert.deepEqual(serviceEnvironment("alice", env, root), {});
});
