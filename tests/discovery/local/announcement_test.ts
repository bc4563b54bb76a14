import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { LocalDiscovery } from "../../../src/discovery/local/local.ts";
import { anInstance } from "../recorder.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test({
  ...skippedIf(
    onWindows,
    "local: only its own user can read a server's secret, wherever the registry is",
  ),
}, async () => {
  const directory = await Deno.makeTempDir({ prefix: "rpc-local-" });
  const discovery = new LocalDiscovery(
    { kind: "local", directory },
    { clock: systemClock, random: systemRandom, log: silentLogger },
  );
  try {
    const announcement = discovery.announce(anInstance({ secret: "known to one user" }));
    await announcement.registered;
    assert.equal(await modeOfFile(directory), 0o600);
    await announcement.override({ weight: 2 });
    assert.equal(await modeOfFile(directory), 0o600);
  } finally {
    await discovery.close();
    await Deno.remove(directory, { recursive: true });
  }
});

/** The rights on the file that tells of the one server in `directory`. */
async function modeOfFile(directory: string): Promise<number> {
  const service = join(directory, "rpc");
  const files = [...Deno.readDirSync(service)].filter(({ name }) => name.endsWith(".json"));
  assert.equal(files.length, 1);
  const { mode } = await Deno.stat(join(service, files[0]?.name ?? ""));
  return (mode ?? 0) & 0o777;
}
