import assert from "node:assert/strict";
import { onWindows, rootTest } from "../support/posix.ts";
import { dirname } from "node:path";
import { binary } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** The value of a setting, and where it comes from. */
async function valueOf(
  home: RpcHome,
  setting: string,
  env: Record<string, string>,
): Promise<readonly [value: unknown, source: unknown]> {
  const { code, lines, stderr } = await home.run(["config", "get", setting, "--json"], { env });
  assert.equal(code, 0, stderr);
  const { value, source } = JSON.parse(lines[0] ?? "");
  return [value, source];
}

Deno.test("a flag goes before the environment, the directory's file, the user's file, the default", async () => {
  await using home = await RpcHome.create();
  const unset = { RPC_REGISTRY: "", RPC_TIMEOUT: "" };
  assert.deepEqual(await valueOf(home, "timeout", unset), [10_000, "default"]);

  await Deno.mkdir(dirname(home.settingsPath), { recursive: true });
  await Deno.writeTextFile(home.settingsPath, "timeout = 1\nservice = 'mine'\n");
  assert.deepEqual(await valueOf(home, "timeout", unset), [1, home.settingsPath]);

  await Deno.writeTextFile(`${home.workingDirectory}/rpc.toml`, "timeout = 2\n");
  assert.deepEqual(await valueOf(home, "timeout", unset), [2, "rpc.toml"]);
  assert.deepEqual(await valueOf(home, "service", unset), ["mine", home.settingsPath]);

  assert.deepEqual(await valueOf(home, "timeout", { RPC_TIMEOUT: "3" }), [3, "RPC_TIMEOUT"]);

  // And a flag before all of them: the call finds the server of another service.
  const server = await home.serve(["--service", "flagged"]);
  const { code, stderr, lines } = await home.run(
    ["call", "ping", "--service", "flagged", "--timeout", "30000", "--json"],
    { env: { RPC_SERVICE: "wrong", RPC_TIMEOUT: "1" } },
  );
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(lines[0] ?? "").server, server.address);
});

Deno.test("the time of calls is none that a server's state is waited for", async () => {
  await using home = await RpcHome.create();
  // It takes connections, and answers nobody.
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const registry = `static:127.0.0.1:${(silent.addr as Deno.NetAddr).port}`;
  const env = { RPC_TIMEOUT: "1h", RPC_ANSWER_TIMEOUT: "50", RPC_REGISTRY: registry };
  for (const command of ["servers", "doctor"]) {
    const { code, stdout, stderr } = await home.run([command, "--json"], { env });
    assert.deepEqual([code, stderr], [1, ""]);
    assert.match(stdout, /"answers":false|"status":"wrong"/);
  }
  const unset = { RPC_ANSWER_TIMEOUT: "" };
  assert.deepEqual(await valueOf(home, "answer-timeout", unset), [2_000, "default"]);
});

Deno.test("what is set is kept for later commands, beside what was set before", async () => {
  await using home = await RpcHome.create();
  const env = { RPC_REGISTRY: "", RPC_TIMEOUT: "" };
  const path = await home.run(["config", "path"], { env });
  assert.deepEqual([path.code, path.stdout], [0, `${home.settingsPath}\n`]);
  const asJson = await home.run(["config", "path", "--json"], { env });
  assert.deepEqual(JSON.parse(asJson.stdout), { path: home.settingsPath });

  const registry = `local:${home.directory}/elsewhere`;
  for (const [name, value] of [["registry", registry], ["workers", "2"], ["zone", 'a "b"\\c']]) {
    const { code, stdout, stderr } = await home.run(["config", "set", `${name}`, `${value}`], {
      env,
    });
    assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  }
  assert.deepEqual(await valueOf(home, "registry", env), [registry, home.settingsPath]);
  assert.deepEqual(await valueOf(home, "workers", env), [2, home.settingsPath]);
  assert.deepEqual(await valueOf(home, "zone", env), ['a "b"\\c', home.settingsPath]);
  const plain = await home.run(["config", "get", "workers"], { env });
  assert.equal(plain.stdout, "2\n");
  const all = await home.run(["config", "get"], { env });
  assert.match(all.stdout, /^workers = 2 +# .*rpc\.toml$/m);
  assert.match(all.stdout, /^timeout = 10000 +# default$/m);

  // It is what later commands go by.
  const server = await home.serve([], { env });
  assert.match(server.readyLine, new RegExp(`registry=${registry}$`));
  assert.equal((await home.run(["call", "ping"], { env })).code, 0);
  assert.equal((await home.run(["call", "ping"])).code, 1);
});

Deno.test("a set value that the environment hides is told of", async () => {
  await using home = await RpcHome.create();
  const { code, stderr } = await home.run(["config", "set", "registry", "local:"]);
  assert.equal(code, 0);
  assert.match(stderr, /^rpc: RPC_REGISTRY is set in the environment, and goes before the file\n$/);
});

Deno.test("a settings file that cannot be written is left as it was", async () => {
  await using home = await RpcHome.create();
  // A file in the place of its directory.
  await Deno.writeTextFile(`${home.directory}/config/rpc`, "in the way");
  const { code, stdout, stderr } = await home.run(["config", "set", "workers", "2"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^rpc: Cannot write .*rpc\.toml: [^\n]+\n$/);
  assert.equal(await Deno.readTextFile(`${home.directory}/config/rpc`), "in the way");
});

Deno.test("a settings file in UTF-16 is refused in that word", async () => {
  await using home = await RpcHome.create();
  const text = Array.from("timeout = 2\n", (character) => [character.charCodeAt(0), 0]).flat();
  await Deno.writeFile(
    `${home.workingDirectory}/rpc.toml`,
    Uint8Array.from([0xff, 0xfe, ...text]),
  );
  const { code, stderr } = await home.run(["config", "get"]);
  assert.equal(code, 2);
  assert.match(stderr, /^rpc: Cannot read rpc\.toml: it is UTF-16, and must be UTF-8\n$/);
});

Deno.test("a settings file that is no TOML ends config set and unset alike, as a mistake in it", async () => {
  await using home = await RpcHome.create();
  await Deno.mkdir(dirname(home.settingsPath), { recursive: true });
  await Deno.writeTextFile(home.settingsPath, "timeout = = 1\n");
  for (const args of [["set", "timeout", "1"], ["unset", "timeout"]]) {
    const { code, stderr } = await home.run(["config", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^rpc: Cannot read .*rpc\.toml: Invalid TOML/);
  }
});

Deno.test("what is unset is the default again, and all else stays", async () => {
  await using home = await RpcHome.create();
  const env = { RPC_REGISTRY: "", RPC_TIMEOUT: "" };
  await Deno.mkdir(home.settingsPath.replace(/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(home.settingsPath, "# Mine\ntimeout = 1\nbogus = 1\nworkers = 2\n");
  // One that does not exist keeps every command from its work, and can be taken away too.
  for (const name of ["bogus", "timeout"]) {
    const { code, stderr } = await home.run(["config", "unset", name], { env });
    assert.deepEqual([code, stderr], [0, ""]);
  }
  assert.equal(await Deno.readTextFile(home.settingsPath), "# Mine\nworkers = 2\n");
  assert.deepEqual(await valueOf(home, "timeout", env), [10_000, "default"]);
  const again = await home.run(["config", "unset", "timeout"], { env });
  assert.equal(again.code, 0);
  assert.match(again.stderr, /^rpc: timeout is not set in .*rpc\.toml\n$/);
  assert.equal((await home.run(["config", "unset", "timeoot"], { env })).code, 2);
});

rootTest("without a home nothing is written anywhere, and rpc config says why", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const shell = "unset HOME USERPROFILE XDG_CONFIG_HOME XDG_STATE_HOME;";
  for (const args of [["config", "set", "workers", "2"], ["config", "path"]]) {
    const { code, stderr } = await home.run(args, { shell });
    assert.equal(code, 1);
    assert.match(stderr, /^rpc: Cannot tell where settings are kept: neither HOME nor /);
  }
  assert.equal((await home.run(["call", "ping"], { shell })).code, 0);
  assert.equal((await home.run(["config", "get", "workers"], { shell })).code, 0);
  assert.deepEqual([...Deno.readDirSync(home.workingDirectory)], []);
});

Deno.test({
  ...skippedIf(onWindows, "a settings file that is a pipe or a device keeps no command waiting"),
}, async () => {
  await using home = await RpcHome.create();
  const path = `${home.workingDirectory}/rpc.toml`;
  const refused = /^rpc: Cannot read .*rpc\.toml: it is no regular file\n$/;
  const pipe = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert.ok(pipe.success);
  for (const args of [["call", "ping"], ["config", "get"], ["config", "trust"]]) {
    const { code, stderr } = await home.run(args);
    assert.match(stderr, args.includes("trust") ? /it is no regular file\n$/ : refused);
    assert.notEqual(code, 0);
  }
  await Deno.remove(path);
  await Deno.mkdir(dirname(home.settingsPath), { recursive: true });
  await Deno.symlink("/dev/zero", home.settingsPath);
  for (const args of [["config", "set", "workers", "2"], ["servers"]]) {
    const { code, stderr } = await home.run(args);
    assert.match(stderr, refused);
    assert.equal(code, 2);
  }
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a home that is no absolute path is none: nothing is written below the working directory",
  ),
}, async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const env = {
    ...{ XDG_CONFIG_HOME: "config", XDG_STATE_HOME: "state", HOME: "" },
    // With that the runtime of a binary itself does not start.
    ...(binary === undefined ? { TMPDIR: "tmp" } : {}),
  };
  const { code, stderr } = await home.run(["config", "set", "workers", "2"], { env });
  assert.match(stderr, /^rpc: Cannot tell where settings are kept: .* is an absolute path\n$/);
  assert.equal(code, 1);
  assert.equal((await home.run(["call", "ping"], { env })).code, 0);
  const inHome = { ...env, HOME: home.directory };
  const { stdout } = await home.run(["config", "path"], { env: inHome });
  assert.equal(stdout, `${home.directory}/.config/rpc/rpc.toml\n`);
  assert.deepEqual([...Deno.readDirSync(home.workingDirectory)], []);
});
