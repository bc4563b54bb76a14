import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { LocalDiscovery } from "../../src/discovery/local.ts";
import { discoverySuite } from "./discovery_suite.ts";

discoverySuite("local", (name, body) => {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir({ prefix: "rpc-local-" });
    try {
      await body({
        open: (log) =>
          new LocalDiscovery(
            { kind: "local", directory },
            { clock: systemClock, random: systemRandom, log },
          ),
        async addMalformed(service) {
          await Deno.mkdir(join(directory, service), { recursive: true });
          await Deno.writeTextFile(
            join(directory, service, `${crypto.randomUUID()}.json`),
            '{"name": "rp',
          );
        },
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
});
