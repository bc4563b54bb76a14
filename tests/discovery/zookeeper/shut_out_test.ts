import assert from "node:assert/strict";
import { waitFor, within } from "../../support/wait_for.ts";
import { kazooTest } from "../../support/kazoo.ts";
import { longSessions, sharedZooKeeper } from "../../support/zookeeper_server.ts";
import { anInstance, RecordingLogger } from "../recorder.ts";
import { connectOutsider, openZooKeeper } from "./zookeeper_support.ts";

const zooKeeper = sharedZooKeeper(longSessions);

const patienceMs = 60_000;

/** Makes a node its own by an access list, and rewrites it before that if there is a text. */
const script = `
import sys
from kazoo.client import KazooClient
from kazoo.security import make_acl, make_digest_acl
hosts, node, text = sys.argv[1:]
zk = KazooClient(hosts=hosts, auth_data=[("digest", "eve:eve")])
zk.start(timeout=120)
own = make_digest_acl("eve", "eve", all=True)
if text:
    zk.set_acls(node, [own, make_acl("world", "anyone", read=True)])
    zk.set(node, text.encode())
else:
    zk.set_acls(node, [own])
zk.stop()
`;

async function shutOut(
  python: string,
  hosts: string,
  node: string,
  text: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(python, {
    args: ["-c", script, hosts, node, text],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** How a stranger does it; ZooKeeper tells nobody of a new access list by itself. */
const ways = [
  { what: "rewritten and locked", text: '{"address":"192.0.2.66"}', reconcileMs: 3_600_000 },
  { what: "hidden", text: "", reconcileMs: 100 },
] as const;

for (const { what, text, reconcileMs } of ways) {
  const name = `zookeeper: a registration that a stranger has ${what} is made anew`;
  kazooTest(name, async (python) => {
    const { port } = zooKeeper();
    const chroot = `/${what.replaceAll(" ", "-")}`;
    const log = new RecordingLogger();
    const outsider = await connectOutsider(port, chroot);
    const discovery = openZooKeeper({ port, chroot, reconcileMs, log });
    try {
      const announcement = discovery.announce(anInstance());
      await within("registering", announcement.registered, patienceMs);
      const parent = "/services/rpc";
      const [first = ""] = (await outsider.getChildren(parent)).children;
      await shutOut(python, `127.0.0.1:${port}${chroot}`, `${parent}/${first}`, text);
      const second = await waitFor("another node in its place", async () => {
        const { children: [only, ...others] } = await outsider.getChildren(parent);
        return only !== first && others.length === 0 ? only : undefined;
      }, { timeoutMs: patienceMs });
      const { data } = await outsider.getData(`${parent}/${second}`);
      assert.equal(JSON.parse(new TextDecoder().decode(data)).id, second);
      await waitFor("the registration", () => announcement.isRegistered, { timeoutMs: patienceMs });
      assert.match(log.warnings.join("\n"), /Another program shut us out of our registration/);
    } finally {
      await discovery.close();
      await outsider.close();
    }
  });
}
