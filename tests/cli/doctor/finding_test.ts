import assert from "node:assert/strict";
import { clockFinding } from "../../../src/cli/doctor/finding.ts";
import { portHint } from "../../../src/cli/doctor/firewall.ts";
import { versionFindings } from "../../../src/cli/doctor/servers.ts";
import { version } from "../../../src/base/version.ts";
import { instanceAt } from "../../support/fake_discovery.ts";

Deno.test("a clock that is off by more than could be a mistake of the look is wrong", () => {
  assert.equal(clockFinding("It", 400, 10).status, "ok");
  assert.equal(clockFinding("It", -20_000, 30_000).status, "ok");
  const behind = clockFinding("It", -20_000, 300);
  assert.deepEqual([behind.status, behind.text], ["wrong", "It is 20.0 s behind this machine's"]);
  assert.match(clockFinding("It", 3_600_000, 300).text, /^It is 60 min ahead of/);
  assert.match(behind.todo ?? "", /timedatectl.*w32tm/);
});

Deno.test("a port from which nothing comes back is a firewall's, with what opens it", () => {
  assert.match(
    portHint(undefined, 6666),
    /ufw allow 6666\/tcp.*firewall-cmd.*netsh .*localport=6666/,
  );
  assert.doesNotMatch(portHint("Connection refused", 6666), /firewall/);
});

Deno.test("versions that differ are told, with how many servers have which", () => {
  const servers = (...versions: string[]) =>
    versionFindings(versions.map((one, i) => instanceAt(i + 1, { version: one })));
  assert.equal(servers(version, version)[0]?.status, "ok");
  assert.deepEqual(servers("", ""), []);
  const [finding] = servers("9.0.0", version, "9.0.0", "");
  assert.equal(finding?.status, "hint");
  assert.match(finding?.text ?? "", /9\.0\.0 \(2\), .* unknown \(1\)$/);
});
