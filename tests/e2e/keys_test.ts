import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { memberHome } from "../support/member_home.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";
import { modeTest, signalTest } from "../support/posix.ts";

const keysOf = (home: RpcHome) => `${home.directory}/config/rpc/keys`;

Deno.test("rpc keys init makes a cluster once, and show tells who this machine is", async () => {
  await using home = await RpcHome.create();
  const before = await home.run(["keys", "show"]);
  assert.equal(before.code, 1);
  assert.match(before.stderr, /no keys in .*: create a cluster with rpc keys init, or join/);

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

modeTest("exported keys are a file of its owner alone, and import takes no other", async () => {
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

  // A file that holds no keys may well be one that others have to read.
  const foreign = `${home.directory}/hosts`;
  Deno.writeTextFileSync(foreign, "127.0.0.1 localhost\n", { mode: 0o644 });
  const none = await other.run(["keys", "import", foreign]);
  assert.match(none.stderr, /^rpc: Cannot import .*hosts: it is not what rpc keys export makes$/m);

  Deno.chmodSync(`${keysOf(home)}/ca.key`, 0o644);
  const shown = await home.run(["keys", "show"]);
  assert.match(shown.stdout, /^problem {2}.*ca\.key: other users .* chmod 600 .*ca\.key$/m);

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
      [["keys", "inti"], /Unknown action "inti": did you mean init\?/],
      [["keys", "export"], /Missing NAME: rpc keys export NAME/],
      [["keys", "zookeeper"], /Missing HOST: rpc keys zookeeper HOST/],
      [["keys", "init", "--name", "a b"], /Cannot name a machine "a b"/],
      [["keys", "export", "bob", "--rights", "root"], /Cannot give the right "root"/],
      [["keys", "init", "mine"], /Unexpected argument "mine": rpc keys init/],
      [["keys", "show", "bob"], /Unexpected argument "bob": rpc keys show/],
      [
        ["keys", "join", "127.0.0.1:1", "--rights", "read"],
        /takes no --rights: .* invite, export$/m,
      ],
      [
        ["keys", "import", "-", "--name", "bob"],
        /takes no --name: .* init, invite, join, export$/m,
      ],
    ] as const
  ) {
    const { code, stderr } = await home.run(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
});

signalTest(
  "with keys the same commands are secure, and each is told who it is and what it may",
  async () => {
    await using home = await RpcHome.create();
    await using stranger = await RpcHome.create(home.registry);
    await home.run(["keys", "init", "--name", "alpha"]);
    await using bob = await memberHome(home, "bob", "read,call:who*");
    const module = `${home.workingDirectory}/tasks.ts`;
    await Deno.writeTextFile(
      module,
      `import { defineProcedure, z } from "rpc";
     export const whoami = defineProcedure({ input: z.tuple([]), output: z.string() },
       (_input, { caller }) => String(caller));
     export const whoever = defineProcedure(
       { input: z.tuple([]), output: z.string(), callers: ["alpha"] }, () => "alpha alone");`,
    );
    const server = await home.serve(["127.0.0.1", "0", module]);

    const own = await home.run(["call", "whoami"]);
    assert.equal(own.stdout, '"alpha"\n', own.stderr);
    const bobs = await bob.run(["call", "whoami"]);
    assert.equal(bobs.stdout, '"bob"\n', bobs.stderr);

    const denied = await bob.run(["call", "ping"]);
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /PermissionDenied: "bob" may not call "ping": .*read,call:who\*/);
    const others = await bob.run(["call", "whoever"]);
    assert.match(
      others.stderr,
      /"bob" may not call whoever: .* \(rpc methods whoever tells whom\)/,
    );
    assert.match((await bob.run(["methods", "whoever"])).stdout, /^ {2}callers +alpha$/m);
    assert.equal((await home.run(["call", "whoever"])).stdout, '"alpha alone"\n');

    const refused = await stranger.run(["call", "whoami"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Unauthenticated: .*wants keys: rpc keys join/);
    const many = await stranger.run(["call", "whoami", "--repeat", "1000", "--summary", "json"]);
    assert.equal(many.code, 1);
    assert.match(many.stderr, /^rpc: stopped: no server takes calls of this machine$/m);
    assert.match(many.stderr, /^{"calls":1,/m);
    const around = await stranger.run(["call", "whoami", "-r", `static:${server.address}`]);
    assert.match(around.stderr, /speaks TLS, since it wants keys: rpc keys join/);

    const methods = await bob.run(["methods", "whoami"]);
    assert.equal(methods.code, 0, methods.stderr);
    const servers = await bob.run(["servers", "--json"]);
    assert.equal(JSON.parse(servers.stdout).answers, true, servers.stdout);
    assert.equal(await server.stop(), 0);
  },
);

Deno.test("with keys no open server is called, and --insecure goes back by one's own word", async () => {
  await using home = await RpcHome.create();
  const open = await home.serve();
  await home.run(["keys", "init"]);
  const refused = await home.run(["call", "ping"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /open, not used: this machine has keys; --insecure /);
  assert.match((await home.run(["servers"])).stdout, /open, not used/);
  const looked = await home.run(["doctor"]);
  assert.match(
    looked.stdout,
    /^wrong .*open, not used.* To do: start it anew, by who has the keys/m,
  );
  assert.equal((await home.run(["call", "ping", "--insecure"])).stdout, '"pong"\n');
  assert.equal((await home.run(["call", "ping"], { env: { RPC_INSECURE: "true" } })).code, 0);
  await open.stop();
});

modeTest("keys that cannot be used stop a command, and nothing goes on without them", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init"]);
  const key = `${keysOf(home)}/machine.key`;
  Deno.chmodSync(key, 0o644);
  for (const args of [["call", "ping"], ["serve", "127.0.0.1", "0"], ["servers"]]) {
    const { code, stderr } = await home.run(args);
    assert.equal(code, 1, args.join(" "));
    assert.match(
      stderr,
      /other users of this machine can read it; first: chmod 600 .*machine\.key/,
    );
  }
  Deno.removeSync(key);
  assert.match((await home.run(["call", "ping"])).stderr, /machine\.key is missing/);
});

Deno.test("a member that may not serve is told so before it serves to nobody", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  await using bob = await memberHome(home, "bob", "read,call:*");
  const { code, stdout, stderr } = await bob.run(["serve", "127.0.0.1", "0"]);
  assert.equal(code, 1, stdout);
  assert.match(stderr, /Cannot listen on .*: the keys of "bob" are without the right serve/);

  await using cluster = await TestCluster.create();
  await using nameless = await RpcHome.create();
  cluster.write(await cluster.faulty({ name: "carol", dns: ["carol.test"] }), keysOf(nameless));
  const other = await nameless.run(["serve", "127.0.0.1", "0"]);
  assert.equal(other.code, 1, other.stdout);
  assert.match(other.stderr, /the certificate of "carol" is without the name .*\.rpc\.internal/);
});

Deno.test("a server can be for some members alone", async () => {
  await using home = await RpcHome.create();
  const without = await home.run(["serve", "127.0.0.1", "0", "--callers", "alpha"]);
  assert.equal(without.code, 2);
  assert.match(without.stderr, /--callers needs rpc keys init/);
  await home.run(["keys", "init", "--name", "alpha"]);
  const odd = await home.run(["serve", "127.0.0.1", "0", "--callers", "!bob"]);
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /Cannot use "!bob" in --callers: names have letters/);
  await using bob = await memberHome(home, "bob");
  const server = await home.serve(["--callers", "Alpha,win-*"]);
  assert.equal((await home.run(["call", "ping"])).code, 0);
  const left = await bob.run(["call", "ping"]);
  assert.match(left.stderr, /PermissionDenied: .*"bob" may not call this server/);
  await server.stop();
});

Deno.test("a module on an address that others reach wants keys, or the word --insecure", async () => {
  await using home = await RpcHome.create();
  const module = `${home.workingDirectory}/tasks.ts`;
  await Deno.writeTextFile(module, "export const add = (a: number, b: number) => a + b;");
  for (const source of [[module], ["--exec", "python3 tasks.py"]]) {
    const refused = await home.run(["serve", "0.0.0.0", "6666", ...source]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^rpc: Cannot serve .*tasks\.\w+ to the network: anybody who reaches 0\.0\.0\.0:6666 could call it\. Make keys \(rpc keys init\) or say --insecure \(or insecure: true\)$/m,
    );
  }
  const open = await home.serve(["0.0.0.0", "0", module, "--insecure", "--advertise", "127.0.0.1"]);
  assert.equal((await home.run(["call", "add", "2", "3"])).stdout, "5\n");
  await open.stop();

  const builtin = await home.serve(["0.0.0.0", "0"]);
  await builtin.process.says(/Open: anybody who reaches 0\.0\.0\.0 may call.*rpc keys init/);
  await builtin.stop();

  await home.run(["keys", "init"]);
  const secure = await home.serve(["0.0.0.0", "0", module]);
  assert.equal((await home.run(["call", "add", "2", "3"])).stdout, "5\n");
  await secure.stop();
});

Deno.test("that keys end soon is told in the log, by rpc servers and in metrics", async () => {
  await using home = await RpcHome.create();
  await using cluster = await TestCluster.create();
  const ending = await cluster.faulty({ name: "alpha", toDays: 9.5 });
  cluster.write(ending, keysOf(home));
  const metrics = `127.0.0.1:${freePort()}`;
  const server = await home.serve(["--metrics", metrics]);
  await server.process.says(/The keys of alpha end: \d{4}-\d\d-\d\d, 9 days left\. rpc keys renew/);

  const { stdout, stderr } = await home.run(["servers"]);
  assert.match(stdout, /answers in .* ms, its keys end: .*9 days left/);
  assert.match(stderr, /The keys of alpha end: .*9 days left\. rpc keys renew/);
  const watching = home.start(["servers", "--watch"]);
  await watching.line(/^\+ .*ready, answers in .* ms, its keys end: .*9 days left$/);
  await watching.kill();
  const page = await (await fetch(`http://${metrics}/metrics`)).text();
  const [, seconds] = /^rpc_keys_end_timestamp_seconds (\S+)$/m.exec(page) ?? [];
  assert.ok(Math.abs(Number(seconds) * 1_000 - Date.now() - 9.5 * 86_400_000) < 3_600_000, page);
  assert.match(page, /^rpc_open 0$/m);
  await server.stop();
});

Deno.test("one line joins a machine to the cluster, and its rights are the inviter's", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await home.run(["keys", "init", "--name", "alpha"]);
  const place = `127.0.0.1:${freePort()}`;
  const inviting = home.start(["keys", "invite", place, "--rights", "read,call:ping"]);
  const [token] = await inviting.line(/^rpc-join-[0-9a-f]{16}-[\w-]{22}$/);

  const wrong = await other.run(["keys", "join", place, "--name", "bob"], { stdin: "secret\n" });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /no token of rpc keys invite/);
  const taken = await other.run(["keys", "join", place, "--name", "alpha"], { stdin: token });
  assert.match(taken.stderr, /a member called alpha already/);

  const joined = await other.run(["keys", "join", place, "--name", "bob"], { stdin: `${token}\n` });
  assert.equal(joined.code, 0, joined.stderr);
  assert.match(joined.stdout, /^rights {3}read,call:ping$/m);
  assert.equal(await inviting.ended(), 0);
  assert.match(inviting.stderr, /joined: bob/);
  assert.equal((Deno.statSync(`${keysOf(other)}/machine.key`).mode ?? 0) & 0o077, 0);

  const server = await home.serve();
  assert.equal((await other.run(["call", "ping"])).stdout, '"pong"\n');
  assert.match((await other.run(["call", "fib", "5"])).stderr, /PermissionDenied: "bob"/);
  await server.stop();

  const late = await other.run(["keys", "join", place], { stdin: token });
  assert.equal(late.code, 1);
  assert.match(
    late.stderr,
    /Cannot join at .*: is rpc keys invite|is rpc keys invite .* running there/,
  );
});

Deno.test("a member's keys are renewed by a server where the cluster was made, also by themselves (P-73)", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await using cluster = await TestCluster.create();
  cluster.write(await cluster.member("alpha"), keysOf(home));
  cluster.makeOwner(keysOf(home), ["alpha", "bob"]);
  const ending = await cluster.faulty({ name: "bob", toDays: 40.5 });
  cluster.write(ending, keysOf(other));

  const nobody = await other.run(["keys", "renew"]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /Cannot renew: no server that was asked has the keys of the machine/);

  const owner = await home.serve(["--service", "another"]);
  const renewed = await other.run(["keys", "renew"]);
  assert.equal(renewed.code, 0, renewed.stderr);
  assert.match(renewed.stdout, /^name {5}bob$/m);
  assert.match(renewed.stdout, /^rights {3}read,call:\*,serve$/m);
  assert.match(renewed.stdout, /397 days left/);

  // A server with few days left does so when it starts, and shows the new ones without a restart.
  cluster.write(await cluster.faulty({ name: "bob", toDays: 40.5 }), keysOf(other));
  const server = await other.serve();
  await server.process.says(/Loaded new keys/);
  await owner.stop();
  assert.equal((await home.run(["call", "ping"])).stdout, '"pong"\n');
  const [shown] = (await home.run(["servers", "--json"])).lines.map((line) => JSON.parse(line));
  assert.ok(Date.parse(shown.validTo) - Date.now() > 390 * 86_400_000, JSON.stringify(shown));
  await server.stop();
});

Deno.test("an audit has a line for each call, refused ones too, and no parameters", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  await using bob = await memberHome(home, "bob", "read,call:ping");
  const file = `${home.directory}/audit.ndjson`;
  const server = await home.serve(["--audit", file]);
  await home.run(["call", "fib", "20"]);
  await bob.run(["call", "ping", "31337"]);
  await bob.run(["call", "fib", "31337"]);
  await bob.run(["servers", "drain", server.address]);
  await home.run(["servers", "drain", server.address]);
  await server.stop();
  const lines = Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ caller, method, outcome }) => [caller, method, outcome]), [
    ["alpha", "fib", "ok"],
    ["bob", "ping", "ok"],
    ["bob", "fib", "PermissionDenied"],
    ["bob", "rpc.override", "PermissionDenied"],
    ["alpha", "rpc.override", "ok"],
  ]);
  assert.doesNotMatch(JSON.stringify(lines), /31337/);
  assert.match(server.stderr, /A caller has come.*bob.*read,call:ping/);
  assert.equal((Deno.statSync(file).mode ?? 0) & 0o077, 0);

  if (Deno.build.os === "linux") {
    const full = await home.serve(["--audit", "/dev/full"]);
    assert.equal((await home.run(["call", "ping"])).code, 0, "a full disk holds up no call");
    await full.process.says(/Cannot write the audit/);
    await full.stop();
    assert.match(full.stderr, /Calls are missing in the audit.*calls=1/);
  }
  const nowhere = await home.run(["serve", "127.0.0.1", "0", "--audit", "/nowhere/audit"]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /Cannot write \/nowhere\/audit: .*--audit/);
});
