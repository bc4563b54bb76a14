/** Which servers the client in Python takes for those of its cluster. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { impostorsOf, listenAs } from "../support/impostors.ts";
import { noServedPython, oldestAndNewestPython } from "../support/python.ts";
import { TestCluster } from "../support/test_pki.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** What Python says of whoever listens at each port, as soon as it is settled. */
const verdicts = `
import concurrent.futures, json, re, sys
from rpc_client import Client, Unavailable
def verdict(port):
    with Client(registry=f"static:127.0.0.1:{port}") as client:
        while True:
            try:
                return client.call("ping", timeout=120)
            except Unavailable as error:
                if re.search("no good certificate|closed|reset", str(error)):
                    return str(error)
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    print(json.dumps(list(pool.map(verdict, sys.argv[1:]))))`;

Deno.test({
  ...skippedIf(
    noServedPython,
    "the Python client takes no impostor for a server of its cluster (P-66)",
  ),
  async fn() {
    await using cluster = await TestCluster.create();
    await using other = await TestCluster.create();
    const keys = cluster.write(await cluster.member("alice"));
    const impostors = await impostorsOf(cluster, other);
    for (const program of oldestAndNewestPython) {
      using servers = new DisposableStack();
      const greeted = new Set<string>();
      const ports: string[] = [];
      for (const { kind, pair } of impostors) {
        const { port } = servers.use(
          await listenAs(pair, (socket) =>
            socket.on("error", () => {}).once("data", () => {
              greeted.add(kind);
              socket.end();
            })),
        );
        ports.push(`${port}`);
      }
      const { stdout, stderr } = await new Deno.Command(program, {
        args: ["-B", "-c", verdicts, ...ports],
        cwd: fileURLToPath(new URL("../../clients/python", import.meta.url)),
        env: { RPC_KEYS: keys },
      }).output();
      assert.equal(new TextDecoder().decode(stderr), "");
      const said = JSON.parse(new TextDecoder().decode(stdout)) as string[];
      for (const [index, { kind, says }] of impostors.entries()) {
        // Python does not tell one bad certificate from another.
        const verdict = says === undefined ? /closed|reset/ : /no good certificate/;
        assert.match(said[index] ?? "", verdict, kind);
        assert.equal(greeted.has(kind), says === undefined, kind);
      }
    }
  },
});
