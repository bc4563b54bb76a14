/** `rpc keys` where something goes wrong at the worst moment. */

import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { fullPipe } from "../support/full_pipe.ts";
import { memberHome } from "../support/member_home.ts";
import { linkTest, shTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { skippedIf } from "../support/skipped_if.ts";

const keysOf = (home: RpcHome) => `${home.directory}/config/rpc/keys`;

function namesIn(directory: string): readonly string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return [];
  }
}

Deno.test("of two that make a cluster at once one does, and its keys belong together", async () => {
  await using home = await RpcHome.create();
  const both = await Promise.all(
    ["alpha", "beta"].map((name) => home.run(["keys", "init", "--name", name])),
  );
  assert.deepEqual(both.map(({ code }) => code).toSorted(), [0, 1]);
  const [late] = both.filter(({ code }) => code === 1);
  assert.match(late?.stderr ?? "", /There are keys in .* already/);
  await using bob = await memberHome(home, "bob");
  const server = await home.serve();
  assert.equal((await bob.run(["call", "ping"])).stdout, '"pong"\n');
  await server.stop();
});

shTest(
  "a cluster whose maker prints where nobody reads keeps no other one waiting",
  async () => {
    await using home = await RpcHome.create();
    const path = `${home.directory}/full`;
    using _ = await fullPipe(path);
    home.start(["keys", "init", "--name", "alpha"], { shell: `exec >"${path}";` });
    const names = await waitFor("keys that are written", () => {
      const names = namesIn(keysOf(home));
      return names.includes("ca.crt") && !names.includes("pending.key") ? names : undefined;
    });
    assert.ok(names.includes(".lock"));
    await waitFor("the lock", () => {
      using lock = Deno.openSync(`${keysOf(home)}/.lock`, { write: true });
      return lock.tryLockSync(true);
    });
  },
);

Deno.test("a token from a mail joins, and is not used up where no keys can be kept", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await using third = await RpcHome.create(home.registry);
  await home.run(["keys", "init", "--name", "alpha"]);
  await third.run(["keys", "init", "--name", "gamma"]);
  const place = `127.0.0.1:${freePort()}`;
  const inviting = home.start(["keys", "invite", place]);
  const [token] = await inviting.line(/^rpc-join-\S+$/);
  const join = (who: RpcHome, stdin: string, env = {}) =>
    who.run(["keys", "join", place, "--name", "bob"], { stdin, env });

  await Deno.writeTextFile(`${other.directory}/file`, "");
  const unkept = await join(other, token, { RPC_KEYS: `${other.directory}/file/keys` });
  assert.match(unkept.stderr, /^rpc: Cannot write keys to .*file\/keys: /);
  const taken = await join(third, token);
  assert.match(taken.stderr, /There are keys of another cluster in .*: --force/);
  const cut = await join(other, token.slice(0, 40));
  assert.equal(cut.code, 2);
  assert.match(cut.stderr, /the token is cut off; copy the whole line/);

  const mail = `Hello,\n\nhere it is:\n\n> ${token}\n\nBye\n`;
  const joined = await join(other, mail);
  assert.equal(joined.code, 0, joined.stderr);
  assert.equal(await inviting.ended(), 0);
});

Deno.test("a machine that is called as another one, and asks for no name, gets one of its own", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  const made = await home.run(["keys", "init", "--json"]);
  const { name } = JSON.parse(made.stdout) as { name: string };
  const place = `127.0.0.1:${freePort()}`;
  const invite = async () => {
    const inviting = home.start(["keys", "invite", place]);
    const [token] = await inviting.line(/^rpc-join-[0-9a-f]{16}-[\w-]{22}$/);
    return { inviting, token };
  };
  const first = await invite();
  const joined = await other.run(["keys", "join", place, "--json"], { stdin: first.token });
  assert.equal(joined.code, 0, joined.stderr);
  assert.equal((JSON.parse(joined.stdout) as { name: string }).name, `${name}-2`);
  assert.match(joined.stderr, /this machine is called (\S+)-2 in the cluster, not \1$/m);
  assert.equal(await first.inviting.ended(), 0);
  assert.match(first.inviting.stderr, /joined: \S+-2$/m);

  // A member does not become another one: it says a name, or its inviter does.
  const second = await invite();
  const again = await other.run(["keys", "join", place], { stdin: second.token });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /a member called \S+ already; choose another --name/);
  await second.inviting.kill();
});

Deno.test("a join that was cut off can be tried again with its token, by the same name alone", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await home.run(["keys", "init", "--name", "alpha"]);
  const targetPort = freePort();
  const inviting = home.start(["keys", "invite", `127.0.0.1:${targetPort}`]);
  const [token] = await inviting.line(/^rpc-join-\S+$/);
  await using proxy = startTcpProxy({ targetPort });
  const join = (name: string) =>
    other.run(["keys", "join", `127.0.0.1:${proxy.port}`, "--name", name], { stdin: token });
  proxy.cutAfter(500);
  const cut = await join("bob");
  assert.equal(cut.code, 1);
  assert.match(cut.stderr, /^rpc: Cannot join at \S+: it hung up/);
  const another = await join("carol");
  assert.equal(another.code, 1);
  assert.match(another.stderr, /has made keys for bob and makes no others; join with --name bob,/);
  const again = await join("bob");
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await inviting.ended(), 0);
  assert.match(inviting.stderr, /bob was sent its keys, and did not say that they came\n/);
  assert.match(inviting.stderr, /^rpc: joined: bob$/m);
});

Deno.test("a cluster that could not be made leaves no key of its own behind", async () => {
  await using home = await RpcHome.create();
  await using maker = await RpcHome.create();
  const keys = `${home.directory}/config/rpc/keys`;
  // What a full disk does to the list of members.
  await Deno.mkdir(`${keys}/issued.ndjson`, { recursive: true });
  const failed = await home.run(["keys", "init"]);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /Cannot write .*issued\.ndjson/);
  await maker.run(["keys", "init"]);
  const { stdout: bundle } = await maker.run(["keys", "export", "bob"]);
  const taken = await home.run(["keys", "import", "-"], { stdin: bundle });
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /^invites {2}no$/m);
});

Deno.test("who has joined is on the list of members before it has its keys", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await home.run(["keys", "init", "--name", "alpha"]);
  const place = `127.0.0.1:${freePort()}`;
  // The name is given, so that nobody looks whether it is free.
  const inviting = home.start(["keys", "invite", place, "--name", "bob"]);
  const [token] = await inviting.line(/^rpc-join-\S+$/);
  // A list that nobody can write to.
  const list = `${keysOf(home)}/issued.ndjson`;
  const lines = Deno.readTextFileSync(list);
  Deno.removeSync(list);
  Deno.mkdirSync(list);
  const join = () => other.run(["keys", "join", place], { stdin: token });
  const refused = await join();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^rpc: Cannot join: Cannot write .*issued\.ndjson: /);
  Deno.removeSync(list);
  Deno.writeTextFileSync(list, lines);
  assert.equal((await join()).code, 0);
  assert.equal(await inviting.ended(), 0);
  const server = await home.serve();
  const renewed = await other.run(["keys", "renew"]);
  assert.equal(renewed.code, 0, renewed.stderr);
  await server.stop();
});

Deno.test("keys that PowerShell has written down can be imported", async () => {
  await using home = await RpcHome.create();
  await using other = await RpcHome.create(home.registry);
  await home.run(["keys", "init", "--name", "alpha"]);
  const { stdout } = await home.run(["keys", "export", "bob"]);
  const text = `\ufeff${stdout.replaceAll("\n", "\r\n")}`;
  const file = `${other.directory}/bob.keys`;
  Deno.writeFileSync(file, new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer), {
    mode: 0o600,
  });
  const taken = await other.run(["keys", "import", file]);
  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /^name {5}bob$/m);
});

Deno.test("who has keys and ignores them is told to leave out --insecure, and not to join", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init"]);
  const server = await home.serve();
  const { stderr } = await home.run(["call", "ping", "--insecure"]);
  assert.match(stderr, /Unauthenticated: .*\(it wants keys: leave out --insecure\)/);
  const registry = ["-r", `static:${server.address}`];
  const around = await home.run(["call", "ping", "--insecure", ...registry]);
  assert.match(around.stderr, /it wants keys: .*if there are some, no --insecure/);
  const elsewhere = ["call", "ping", "--insecure", "--concurrency", "1"];
  const named = await home.run(elsewhere, { env: { RPC_KEYS: "not/absolute" } });
  assert.match(named.stderr, /it wants keys: rpc keys join/);
  await server.stop();
});

linkTest(
  "where the keys are a link to nothing or a file, nothing goes on in the open",
  async () => {
    await using home = await RpcHome.create();
    const open = await home.serve();
    await Deno.mkdir(`${home.directory}/config/rpc`, { recursive: true });
    const put = [
      () => Deno.symlink(`${home.directory}/unmounted`, keysOf(home)),
      () => Deno.writeTextFile(keysOf(home), ""),
    ];
    for (const make of put) {
      await make();
      for (const args of [["call", "ping"], ["call", "ping", "--repeat", "2"], ["serve"]]) {
        const { code, stderr } = await home.run(args);
        assert.equal(code, 1, args.join(" "));
        assert.match(
          stderr,
          /Cannot read keys in .*: it is no directory and no link to one; .*--insecure/,
        );
      }
      const openly = await home.run(["call", "ping", "--insecure"]);
      assert.equal(openly.stdout, '"pong"\n', openly.stderr);
      await Deno.remove(keysOf(home));
    }
    // A link to a directory without any is as good as none.
    await Deno.mkdir(`${home.directory}/mounted`);
    await Deno.symlink(`${home.directory}/mounted`, keysOf(home));
    const none = await home.run(["call", "ping"]);
    assert.equal(none.stdout, '"pong"\n', none.stderr);
    await open.stop();
  },
);

Deno.test("where RPC_KEYS names no keys, nothing goes on in the open", async () => {
  await using home = await RpcHome.create();
  const open = await home.serve();
  const env = { RPC_KEYS: `${home.directory}/unmounted` };
  const says = /There are no keys in .*unmounted, which RPC_KEYS names: .*--insecure/;
  // The first call is one of those that begin without the client.
  for (
    const args of [
      ["call", "ping"],
      ["call", "ping", "--repeat", "2"],
      ["serve", "127.0.0.1", "0"],
      ["servers"],
      ["doctor"],
    ]
  ) {
    const { code, stdout, stderr } = await home.run(args, { env });
    assert.equal(code, 1, args.join(" "));
    assert.match(stdout + stderr, says, args.join(" "));
  }
  const openly = await home.run(["call", "ping", "--insecure"], { env });
  assert.equal(openly.stdout, '"pong"\n', openly.stderr);
  const made = await home.run(["keys", "init"], { env });
  assert.equal(made.code, 0, made.stderr);
  await open.stop();
});

Deno.test({
  ...skippedIf(
    Deno.build.os !== "windows" && Deno.uid() === 0 ? undefined : "only root is under sudo",
    "sudo takes a user's keys as they are, and makes none that the user could not read",
  ),
}, async () => {
  await using home = await RpcHome.create();
  const keys = `${home.directory}/config/rpc/keys`;
  assert.equal((await home.run(["keys", "init", "--name", "alpha"])).code, 0);
  for (const { name } of [...Deno.readDirSync(keys), { name: "." }]) {
    Deno.chownSync(`${keys}/${name}`, 1_000, 1_000);
  }
  const sudo = { env: { SUDO_UID: "1000" } };
  assert.equal((await home.run(["keys", "show"], sudo)).code, 0);
  // An invitation is refused before it prints a token.
  for (const command of [["renew"], ["invite", `127.0.0.1:${freePort()}`], ["export", "bob"]]) {
    const { code, stdout, stderr } = await home.run(["keys", ...command], sudo);
    assert.deepEqual([code, stdout], [1, ""], command[0]);
    assert.match(stderr, /under sudo they would become root's, .* uid 1000: leave out sudo\n$/);
  }
  assert.equal(Deno.statSync(`${keys}/machine.key`).uid, 1_000);
  Deno.chownSync(home.directory, 1_000, 1_000);
  Deno.removeSync(`${home.directory}/config`, { recursive: true });
  const first = await home.run(["keys", "init", "--name", "alpha"], sudo);
  assert.match(first.stderr, /uid 1000: leave out sudo\n$/, "the directory is not there yet");
  Deno.chownSync(home.directory, 998, 998);
  const ofService = await home.run(["keys", "init", "--name", "alpha"], sudo);
  assert.match(ofService.stderr, /uid 998: use sudo -u '#998'\n$/);
});
