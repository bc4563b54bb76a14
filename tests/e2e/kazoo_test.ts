import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { kazooTest } from "../support/kazoo.ts";
import { sharedZooKeeper } from "../support/zookeeper_server.ts";

const zooKeeper = sharedZooKeeper();

/**
 * What an outsider sees, who has never heard of us: kazoo is the Python client that most people
 * use.
 */
const script = `
import json, logging, sys
from kazoo.client import KazooClient
logging.disable(logging.CRITICAL)
client = KazooClient(hosts=sys.argv[1])
client.start(timeout=120)
nodes = {}
for name in client.get_children("/services/" + sys.argv[2]):
    data, stat = client.get("/services/" + sys.argv[2] + "/" + name)
    nodes[name] = {"data": json.loads(data), "ephemeral": stat.ephemeralOwner != 0}
client.stop()
print(json.dumps(nodes))
`;

interface Node {
  readonly data: Record<string, unknown>;
  readonly ephemeral: boolean;
}

async function nodesByKazoo(
  python: string,
  hosts: string,
  service: string,
): Promise<Record<string, Node>> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-c", script, hosts, service],
  }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

kazooTest(
  "kazoo lists the servers, and reads Curator's JSON from their nodes",
  async (python) => {
    const hosts = `${zooKeeper().connectString}/some/path`;
    await using home = await RpcHome.create(`zookeeper://${hosts}`);
    const servers = await Promise.all([
      home.serve(["--service", "sums", "--weight", "3", "--zone", "west"]),
      home.serve(["--service", "sums"]),
    ]);
    const nodes = await nodesByKazoo(python, hosts, "sums");
    assert.equal(Object.keys(nodes).length, 2);
    for (const [id, { data, ephemeral }] of Object.entries(nodes)) {
      assert.equal(ephemeral, true);
      assert.equal(data.id, id);
      assert.equal(data.name, "sums");
      assert.equal(data.address, "127.0.0.1");
      assert.equal(data.sslPort, null);
      assert.equal(data.payload, null);
      assert.equal(data.serviceType, "DYNAMIC");
      assert.ok("uriSpec" in data);
      assert.ok(Math.abs(Number(data.registrationTimeUTC) - Date.now()) < 600_000);
    }
    assert.deepEqual(
      Object.values(nodes).map(({ data }) => data.port).sort(),
      servers.map(({ port }) => port).sort(),
    );
    // One that ends takes its node along at once; the session's timeout is for those that are
    // killed.
    assert.equal(await servers[0]?.stop(), 0);
    assert.deepEqual(
      Object.values(await nodesByKazoo(python, hosts, "sums")).map(({ data }) => data.port),
      [servers[1]?.port],
    );
  },
);
