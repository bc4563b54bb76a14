import assert from "node:assert/strict";
import { dirname } from "node:path";
import { modeTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";

/** As a user who has said nothing in the environment. */
const unset = { env: { RPC_REGISTRY: "", RPC_TIMEOUT: "" } };

const put = (home: RpcHome, toml: string) =>
  Deno.writeTextFileSync(`${home.workingDirectory}/rpc.toml`, toml);

async function valueOf(home: RpcHome, name: string): Promise<[value: unknown, source: string]> {
  const { stdout } = await home.run(["config", "get", name, "--json"], unset);
  const { value, source } = JSON.parse(stdout);
  return [value, source];
}

Deno.test("a stranger's rpc.toml redirects nothing until its user has said that it counts", async () => {
  await using home = await RpcHome.create();
  const elsewhere = `local:${home.directory}/elsewhere`;
  put(
    home,
    `registry = "${elsewhere}"\nadvertise = "192.0.2.1"\nmetrics = "0.0.0.0:9"\ntimeout = 7000\n`,
  );
  assert.deepEqual(await valueOf(home, "registry"), ["local:", "default"]);
  assert.deepEqual(await valueOf(home, "advertise"), [null, "default"]);
  assert.deepEqual(await valueOf(home, "metrics"), [null, "default"]);
  assert.deepEqual(await valueOf(home, "timeout"), [7000, "rpc.toml"]);

  const called = await home.run(["call", "ping"], unset);
  assert.match(
    called.stderr,
    /rpc\.toml of this directory sets registry, which counts only .*rpc config trust/,
  );
  assert.doesNotMatch(called.stderr, /elsewhere/);

  const settings = dirname((await home.run(["config", "path"], unset)).stdout.trim());
  Deno.mkdirSync(settings, { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(`${settings}/trusted`, "half of a line, of a disk that was full", {
    mode: 0o600,
  });
  const trusted = await home.run(["config", "trust"], unset);
  assert.equal(trusted.code, 0, trusted.stderr);
  assert.match(trusted.stdout, /elsewhere/, "what is trusted is shown");
  assert.deepEqual(await valueOf(home, "registry"), [elsewhere, "rpc.toml"]);
  const asJson = await home.run(["config", "trust", "--json"], unset);
  const { path, content } = JSON.parse(asJson.stdout);
  assert.match(path, /rpc\.toml$/);
  assert.equal(content.trimEnd(), trusted.stdout.trimEnd());
  const redirected = await home.run(["call", "ping"], unset);
  assert.match(redirected.stderr, /the registry is the one of rpc\.toml in this directory/);
  assert.match(redirected.stderr, /elsewhere/);

  put(home, `registry = "${elsewhere}2"\n`);
  assert.deepEqual(
    await valueOf(home, "registry"),
    ["local:", "default"],
    "a changed one is another",
  );
});

Deno.test("a stranger's rpc.toml sends no call to another service, and serves nobody else's", async () => {
  await using home = await RpcHome.create();
  put(home, 'service = "payments"\n');
  assert.deepEqual(await valueOf(home, "service"), ["rpc", "default"]);
  const server = await home.serve();
  assert.match(server.readyLine, /service=rpc /);
  await server.process.says(/sets service, which counts only .*rpc config trust/);
  await server.stop();
  assert.equal((await home.run(["config", "trust"], unset)).code, 0);
  assert.deepEqual(await valueOf(home, "service"), ["payments", "rpc.toml"]);
});

Deno.test("a stranger's rpc.toml lets nobody listen to a server whose user has said no", async () => {
  await using home = await RpcHome.create();
  assert.equal((await home.run(["config", "set", "no-tap", "true"], unset)).code, 0);
  put(home, "no-tap = false\n");
  assert.deepEqual((await valueOf(home, "no-tap"))[0], true);
});

Deno.test("a stranger's rpc.toml runs no program of its own for a file in Python", async () => {
  await using home = await RpcHome.create();
  const program = `${home.workingDirectory}/program`;
  put(home, `python = "${program}"\n`);
  assert.deepEqual(await valueOf(home, "python"), [null, "default"]);
  assert.equal((await home.run(["config", "trust"], unset)).code, 0);
  assert.deepEqual(await valueOf(home, "python"), [program, "rpc.toml"]);
});

Deno.test("a file that commands could not use is not trusted, and the reason is told", async () => {
  await using home = await RpcHome.create();
  const cases = [
    ["registry = [", /^rpc: Cannot read .*rpc\.toml: .*\(line \d+, column \d+\)/],
    ["regstry = 1", /there is no setting regstry; did you mean registry\?/],
    ["registry = [1]", /Cannot use registry in .*: it must be a text/],
    ['registry = "zookeper://h"', /zookeper/],
    ['workers = "many"', /Cannot use workers = "many" in .*rpc\.toml: /],
    ['service = "no/such"', /no\/such/],
  ] as const;
  const none = await home.run(["config", "trust"], unset);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /^rpc: There is no rpc\.toml in .*: nothing to trust\n$/);
  for (const [toml, reason] of cases) {
    put(home, `${toml}\n`);
    const { code, stdout, stderr } = await home.run(["config", "trust"], unset);
    assert.deepEqual([code, stdout], [2, ""], `${toml}: ${stderr}`);
    assert.match(stderr, reason);
  }
});

Deno.test("the same text elsewhere is another file, and one's own word goes before it without a note", async () => {
  await using home = await RpcHome.create();
  put(home, 'registry = "local:/nowhere"\n');
  await home.run(["config", "trust"], unset);
  const other = `${home.directory}/other`;
  await Deno.mkdir(other);
  await Deno.copyFile(`${home.workingDirectory}/rpc.toml`, `${other}/rpc.toml`);
  const there = await home.run(["config", "get", "registry"], { ...unset, cwd: other });
  assert.equal(there.stdout, "local:\n");

  const server = await home.serve([], { cwd: other });
  const called = await home.run(["call", "ping"], { cwd: other });
  assert.equal(called.stdout, '"pong"\n');
  assert.equal(called.stderr, "");
  const told = await home.run(["call", "ping", "--verbose"], { cwd: other });
  assert.match(told.stderr, /the registry is the one of RPC_REGISTRY/);
  await server.stop();
});

Deno.test("no file of a working directory can go without keys, trusted or not", async () => {
  await using home = await RpcHome.create();
  const open = await home.serve();
  await home.run(["keys", "init"]);
  put(home, "insecure = true\n");
  await home.run(["config", "trust"]);
  const called = await home.run(["call", "ping"]);
  assert.equal(called.code, 1);
  assert.match(called.stderr, /sets insecure, which a file of a working directory can never say/);
  assert.match(called.stderr, /open, not used/);
  await open.stop();
});

Deno.test("without a home nothing below the working directory is the user's own", async () => {
  await using home = await RpcHome.create();
  const env = { HOME: "", USERPROFILE: "", XDG_CONFIG_HOME: "", APPDATA: "", RPC_REGISTRY: "" };
  const own = `${home.workingDirectory}/.config/rpc`;
  await Deno.mkdir(own, { recursive: true });
  await Deno.writeTextFile(`${own}/rpc.toml`, 'registry = "local:/stranger"\ninsecure = true\n');
  const { stdout } = await home.run(["config", "get", "registry"], { env });
  assert.equal(stdout, "local:\n");
  put(home, 'registry = "local:/stranger"\n');
  const trusted = await home.run(["config", "trust"], { env });
  assert.equal(trusted.code, 1);
  assert.match(trusted.stderr, /no (HOME|USERPROFILE)$/m);
});

Deno.test("Tab asks no registry that a stranger's rpc.toml names, and says nothing", async () => {
  await using home = await RpcHome.create();
  const trap = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = trap.addr;
  let connections = 0;
  const served = (async () => {
    for await (const connection of trap) {
      connections++;
      connection.close();
    }
  })();
  put(home, `registry = "static:127.0.0.1:${port}"\n`);
  const words = ["complete", "--current=", "--", "call"];
  const completed = await home.run(words, unset);
  assert.equal(completed.stderr, "");
  assert.equal(connections, 0);
  trap.close();
  await served;
});

modeTest(
  "the user's own settings count only where nobody else could have written them",
  async () => {
    await using home = await RpcHome.create();
    const elsewhere = `local:${home.directory}/elsewhere`;
    const directory = dirname(home.settingsPath);
    Deno.mkdirSync(directory);
    Deno.writeTextFileSync(home.settingsPath, `registry = "${elsewhere}"\n`);
    put(home, "timeout = 7000\n");
    assert.equal((await home.run(["config", "trust"], unset)).code, 0);
    const opened = [[home.settingsPath, 0o666, "600"], [directory, 0o777, "700"], [
      `${directory}/trusted`,
      0o646,
      "600",
    ]] as const;
    for (const [path, mode, mended] of opened) {
      const before = (Deno.statSync(path).mode ?? 0) & 0o777;
      Deno.chmodSync(path, mode);
      const advice = `first: chmod ${mended} ${path}\n`;
      for (const args of [["call", "ping"], ["config", "get"], ["serve", "127.0.0.1", "0"]]) {
        const { code, stderr } = await home.run(args, unset);
        assert.equal(code, 2, stderr);
        assert.ok(stderr.endsWith(`other users of this machine can change it; ${advice}`), stderr);
      }
      Deno.chmodSync(path, before);
      assert.deepEqual(await valueOf(home, "registry"), [elsewhere, home.settingsPath]);
    }
  },
);

modeTest("settings that rpc writes count, whatever the umask", async () => {
  for (const args of [["set", "timeout", "7000"], ["trust"]]) {
    await using home = await RpcHome.create();
    put(home, "timeout = 7000\n");
    const { code, stderr } = await home.run(["config", ...args], { ...unset, shell: "umask 0;" });
    assert.equal(code, 0, stderr);
    assert.deepEqual(await valueOf(home, "timeout"), [7000, "rpc.toml"]);
  }
});
