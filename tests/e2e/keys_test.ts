import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";

const keysOf = (home: RpcHome) => `${home.directory}/config/rpc/keys`;

Deno.test("rpc keys init makes a cluster once, and show tells who this machine is", async () => {
  await using home = await RpcHome.create();
  const before = await home.run(["keys", "show"]);
  assert.equal(before.code, 1);
  assert.match(before.stderr, /no keys in .*: rpc keys init makes a cluster/);

  const made = await home.run(["keys", "init", "--name", "alpha"]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^cluster {2}[0-9a-f]{20}$/m);
  assert.match(made.stdout, /^until .* 397 days left$/m);

  const shown = await home.run(["keys", "show", "--json"]);
  const { name, rights, daysLeft, invites, directory } = JSON.parse(shown.stdout);
  assert.deepEqual([name, rights, daysLeft, invites], [
    "alpha",
    "read,call:*,serve,admin",
    397,
    true,
  ]);
  assert.equal(directory, keysOf(home));

  const again = await home.run(["keys", "init"]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /There are keys in .* already/);
});

Deno.test("exported keys are a file of its owner alone, and import takes no other", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  const file = `${home.directory}/bob.keys`;
  const shell = `umask 022; exec > '${file}';`;
  const args = ["keys", "export", "bob", "--rights", "read,call:fib*"];
  const exported = await home.run(args, { shell });
  assert.equal(exported.code, 0, exported.stderr);
  assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);

  const twice = await home.run(args);
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /member called bob already/);

  Deno.chmodSync(file, 0o644);
  const open = await other.run(["keys", "import", file]);
  assert.equal(open.code, 1);
  assert.match(open.stderr, /chmod 600 /);
  Deno.chmodSync(file, 0o600);
  const taken = await other.run(["keys", "import", file]);
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /^rights {3}read,call:fib\*$/m);

  const invites = await other.run(["keys", "export", "carol"]);
  assert.equal(invites.code, 1);
  assert.match(invites.stderr, /Only the machine where the cluster was made/);
});

Deno.test("the key of a cluster that was made here is not overwritten by another's", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create();
  await home.run(["keys", "init"]);
  await other.run(["keys", "init"]);
  const { stdout } = await home.run(["keys", "export", "bob"]);
  const refused = await other.run(["keys", "import", "-"], { stdin: stdout });
  assert.match(refused.stderr, /keys of another cluster/);
  const forced = await other.run(["keys", "import", "-", "--force"], { stdin: stdout });
  assert.equal(forced.code, 1);
  assert.match(forced.stderr, /its key would be lost/);
});

Deno.test("what rpc keys cannot do is a mistake with what it can", async () => {
  await using home = await RpcHome.create();
  for (
    const [args, says] of [
      [["keys", "inti"], /there is rpc keys init, invite/],
      [["keys", "export"], /Missing what to export/],
      [["keys", "init", "--name", "a b"], /Cannot name a machine "a b"/],
      [["keys", "export", "bob", "--rights", "root"], /Cannot give the right "root"/],
    ] as const
  ) {
    const { code, stderr } = await home.run(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
});
