import assert from "node:assert/strict";
import { pathWithoutRuntimes } from "../support/program.ts";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { SmallDisk, smallDiskMissing } from "../support/small_disk.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** A home with a `systemctl` that writes down what it is asked, and a `HOME` of its own. */
async function homeWithSystemd() {
  const home = await RpcHome.create();
  const bin = `${home.directory}/bin`;
  await Deno.mkdir(bin);
  const asked = `${home.directory}/asked`;
  await Deno.writeTextFile(
    `${bin}/systemctl`,
    `#!/bin/sh
echo "$*" >>"${asked}"
case "$*" in
is-system-running) cat "${home.directory}/system_state" 2>/dev/null ;;
*status*) echo "Active: active (running)"; exit 0 ;;
esac
`,
    { mode: 0o755 },
  );
  const path = pathWithoutRuntimes(`${home.directory}/links`);
  const env = { PATH: `${bin}:${path}`, HOME: home.directory };
  const unit = `${home.directory}/config/systemd/user/rpc.service`;
  return { home, env, unit, asked: () => Deno.readTextFile(asked).catch(() => "") };
}

signalTest(
  "rpc service installs what rpc serve would run, tells of it, and takes it away",
  async () => {
    const { home, env, unit, asked } = await homeWithSystemd();
    await using _ = home;
    const args = [
      "service",
      "install",
      "--user",
      "--",
      "serve",
      "127.0.0.1",
      "0",
      "--workers",
      "1",
    ];
    const shown = await home.run([...args.slice(0, 3), "--print", ...args.slice(3)], { env });
    assert.equal(shown.code, 0, shown.stderr);
    assert.equal(await asked(), "", "nothing is run");
    await assert.rejects(Deno.stat(unit));

    const installed = await home.run(args, { env });
    assert.equal(installed.code, 0, installed.stderr);
    const text = await Deno.readTextFile(unit);
    assert.ok(shown.stdout.includes(text.trim()));
    assert.match(text, new RegExp(`^Environment="RPC_REGISTRY=${home.registry}"$`, "m"));
    assert.match(await asked(), /--user daemon-reload\n--user enable rpc\.service\n--user restart/);

    // What stands there is a server: a shell reads these words as systemd does.
    const [, command = ""] = /^ExecStart=(.*)$/m.exec(text) ?? [];
    const [, directory = ""] = /^WorkingDirectory=(.*)$/m.exec(text) ?? [];
    const child = new Deno.Command("sh", {
      args: ["-c", `exec ${command}`],
      cwd: directory,
      env: home.env(),
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const { value } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
      assert.match(value ?? "", /^ready 127\.0\.0\.1:\d+ /);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }

    const again = await home.run(args, { env });
    assert.equal(again.code, 0, "what we wrote is written anew");
    const status = await home.run(["service", "status", "--user", "--json"], { env });
    assert.equal(status.code, 0, status.stderr);
    assert.deepEqual(JSON.parse(status.stdout), {
      name: "rpc",
      installed: true,
      runs: true,
      path: unit,
    });
    const gone = await home.run(["service", "uninstall", "--user"], { env });
    assert.equal(gone.code, 0, gone.stderr);
    await assert.rejects(Deno.stat(unit));
    assert.match(await asked(), /--user disable --now rpc\.service\n--user daemon-reload\n$/);
    const none = await home.run(["service", "uninstall", "--user"], { env });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /There is no service rpc/);
  },
);

signalTest(
  "rpc service refuses what rpc serve would, a password, others' units, and where no systemd runs",
  async () => {
    const { home, env, unit, asked } = await homeWithSystemd();
    await using _ = home;
    for (
      const [words, message] of [
        [[], /Missing what to serve/],
        [["127.0.0.1", "0", "--wrkers", "1"], /did you mean --workers/],
        [["127.0.0.1", "0", "--workers", "many"], /Cannot use/],
        [["127.0.0.1", "http"], /Cannot listen on port "http"/],
        [["127.0.0.1", "0", "tasks.rb"], /Cannot serve tasks\.rb as a module/],
        [["127.0.0.1", "0", "--watch"], /--watch needs a module/],
        [["192.0.2.1", "0", "--exec", "true"], /anybody who reaches 192\.0\.2\.1 could call it/],
        [["127.0.0.1", "0", "-r", "zookeeper://al:secret@h:1"], /password where all can read it/],
      ] as const
    ) {
      const { code, stderr } = await home.run(["service", "install", "--user", "--", ...words], {
        env,
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /secret/);
    }
    const lost = ["service", "install", "--user", "--", "127.0.0.1", "0", "nothing.ts"];
    const { code, stderr } = await home.run(lost, { env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Cannot serve nothing\.ts: there is no such file/);

    await Deno.mkdir(unit.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(unit, "[Unit]\n");
    const install = ["service", "install", "--user", "--", "127.0.0.1", "0"];
    const others = await home.run(install, { env });
    assert.equal(others.code, 1);
    assert.match(others.stderr, /not of rpc service: choose another --name/);
    assert.equal(await Deno.readTextFile(unit), "[Unit]\n");
    assert.doesNotMatch(await asked(), /enable/);

    await Deno.writeTextFile(`${home.directory}/system_state`, "offline\n");
    const named = [...install.slice(0, 3), "--name", "x", ...install.slice(3)];
    for (const args of [named, ["service", "status", "--user"]]) {
      const { code, stdout, stderr } = await home.run(args, { env });
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^rpc: systemd does not run this machine, .*--print shows/);
    }
    await assert.rejects(Deno.stat(unit.replace("rpc.service", "x.service")));

    const without = await home.run([...install.slice(0, 3), "--name", "x", ...install.slice(3)], {
      env: { ...env, PATH: `${home.directory}/empty` },
    });
    assert.equal(without.code, 1);
    assert.match(without.stderr, /There is no systemctl here.*--print/);
  },
);

const noDisk = smallDiskMissing();

Deno.test({
  ...skippedIf(noDisk, "a unit that a full disk refuses leaves the one before as it is"),
}, async () => {
  const { home, env, asked } = await homeWithSystemd();
  await using _ = home;
  using disk = new SmallDisk();
  const install = (...args: string[]) =>
    home.run(["service", "install", "--user", "--", "127.0.0.1", "0", ...args], {
      env: { ...env, XDG_CONFIG_HOME: disk.directory },
    });
  const installed = await install();
  assert.equal(installed.code, 0, installed.stderr);
  const unit = `${disk.directory}/systemd/user/rpc.service`;
  const [before, askedBefore] = [await Deno.readTextFile(unit), await asked()];
  disk.fill();
  const refused = await install("--workers", "1");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^rpc: Cannot write .*rpc\.service: No space left on device/);
  assert.equal(await Deno.readTextFile(unit), before);
  assert.deepEqual([...Deno.readDirSync(`${disk.directory}/systemd/user`)].length, 1);
  assert.equal((await asked()).replace(askedBefore, ""), "is-system-running\n");
  disk.makeRoom();
  assert.equal((await install("--workers", "1")).code, 0);
});
