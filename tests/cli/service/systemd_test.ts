import assert from "node:assert/strict";
import type { ServicePlan } from "../../../src/cli/service/plan.ts";
import {
  systemdInstall,
  systemdStatus,
  systemdUninstall,
} from "../../../src/cli/service/systemd.ts";

const plan: ServicePlan = {
  name: "images",
  isOfUser: false,
  command: ["/usr/local/bin/rpc", "serve", "0.0.0.0", "6666", "--exec", 'py "a b" $HOME 50%\\'],
  directory: "/srv/my images/100%",
  user: "alice",
  environment: { RPC_REGISTRY: "zookeeper://a:2181,b:2181", RPC_ZONE: 'east "1" $x' },
  stopMs: 30_500,
};

Deno.test("a unit of the machine runs the very words, whatever is in them", () => {
  const { files: [file], commands } = systemdInstall(plan, {
    name: "images",
    isOfUser: false,
    configDirectory: undefined,
  });
  assert.equal(file?.path, "/etc/systemd/system/images.service");
  const lines = file?.text.split("\n") ?? [];
  const has = (line: string) => assert.ok(lines.includes(line), `${line}\nin\n${file?.text}`);
  has('ExecStart=/usr/local/bin/rpc serve 0.0.0.0 6666 --exec "py \\"a b\\" $$HOME 50%%\\\\"');
  has("WorkingDirectory=/srv/my images/100%%");
  has("User=alice");
  has('Environment="RPC_REGISTRY=zookeeper://a:2181,b:2181"');
  has('Environment="RPC_ZONE=east \\"1\\" $x"');
  has("TimeoutStopSec=46");
  has("Restart=always");
  // Stopped before it took calls, which is no failure.
  has("SuccessExitStatus=130");
  has("KillMode=mixed");
  has("LimitCORE=0");
  has("OOMPolicy=continue");
  has("WantedBy=multi-user.target");
  assert.deepEqual(commands, [
    ["systemctl", "daemon-reload"],
    ["systemctl", "enable", "images.service"],
    ["systemctl", "restart", "images.service"],
  ]);
});

Deno.test("a unit of a user is that user's alone", () => {
  const place = { name: "rpc", isOfUser: true, configDirectory: "/etc/al/.config" };
  const { files: [file], commands, notes } = systemdInstall(
    { ...plan, name: "rpc", isOfUser: true, user: undefined },
    place,
  );
  assert.equal(file?.path, "/etc/al/.config/systemd/user/rpc.service");
  assert.doesNotMatch(file?.text ?? "", /User=|network-online|multi-user/);
  assert.match(file?.text ?? "", /^WantedBy=default\.target$/m);
  assert.ok(commands.every(([program, flag]) => program === "systemctl" && flag === "--user"));
  assert.match(notes.join("\n"), /loginctl enable-linger/);
  assert.deepEqual(systemdUninstall(place).commands, [
    ["systemctl", "--user", "disable", "--now", "rpc.service"],
  ]);
  assert.deepEqual(systemdStatus(place).slice(0, 3), ["systemctl", "--user", "status"]);
});

Deno.test("a directory whose name ends with a backslash takes no line of the unit with it", () => {
  const place = { name: "rpc", isOfUser: false, configDirectory: undefined };
  const { files: [file] } = systemdInstall({ ...plan, directory: "/srv/odd\\" }, place);
  assert.match(file?.text ?? "", /^WorkingDirectory=\/srv\/odd\\\/$\nUser=alice$/m);
});

Deno.test("the units that the documents show behave as the one that is written", async () => {
  const place = { name: "rpc", isOfUser: false, configDirectory: undefined };
  const { files: [file] } = systemdInstall(plan, place);
  const ofThePlan = /^(Description|ExecStart|WorkingDirectory|User|Environment|TimeoutStopSec)=/;
  const settings = (file?.text ?? "").split("\n")
    .filter((line) => /^\w+=/.test(line) && !ofThePlan.test(line));
  assert.ok(settings.length >= 10, settings.join("\n"));
  for (const page of ["DEPLOY.md", "DEPLOY.zh-CN.md"]) {
    const text = await Deno.readTextFile(new URL(`../../../docs/${page}`, import.meta.url));
    const shown = /^```ini\n([\s\S]*?)^```$/m.exec(text)?.[1]?.split("\n") ?? [];
    assert.deepEqual(settings.filter((line) => !shown.includes(line)), [], page);
  }
});
