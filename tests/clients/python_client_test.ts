/** The client in Python: its own tests, and the rows of the fault table that concern a client. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { failuresOf } from "../chaos/audit.ts";
import {
  chaosTest,
  Cluster,
  longestGapMs,
  measured,
  stopAll,
  untilNothingHangs,
} from "../chaos/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { noServedPython, oldestAndNewestPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { kazooTest } from "../support/kazoo.ts";
import { startZooKeeper } from "../support/zookeeper_server.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const [oldest = ""] = oldestAndNewestPython;
const load = [oldest, here("fixtures/load.py")];

const versions = oldestAndNewestPython.map((python) => python.split("/").slice(-3).join("/"));
Deno.test({
  ...skippedIf(noServedPython, `the Python client's own tests pass (${versions.join(", ")})`),
  async fn() {
    // Both at once: they wait more than they compute.
    const runs = await Promise.all(oldestAndNewestPython.map(async (python) => {
      const running = new Deno.Command(python, {
        args: ["-B", "-W", "error", "-m", "unittest", "discover", "-s", here("python")],
        stdin: "null",
      }).output();
      const { success, stderr } = await within("the Python client's tests", running, 1_200_000);
      return { python, success, text: new TextDecoder().decode(stderr) };
    }));
    for (const { python, success, text } of runs) assert.ok(success, `${python}\n${text}`);
  },
});

function rowTest(row: string, fn: (cluster: Cluster) => Promise<void>): void {
  if (noServedPython !== undefined) {
    return Deno.test({ ...skippedIf(noServedPython, row), fn() {} });
  }
  chaosTest(row, async () => {
    await using cluster = await Cluster.create();
    await fn(cluster);
  });
}

rowTest("SIGKILL of one of three servers costs no idempotent call from Python", async (cluster) => {
  const [victim] = await cluster.serveMany(3);
  const client = await cluster.load({}, undefined, load);
  await cluster.runsOn("s1", 20);
  await victim?.kill();
  await client.more(200);
  const reports = await stopAll([client]);
  const result = cluster.audit();
  assert.deepEqual(failuresOf(result, "again"), {});
  for (const kind of Object.keys(failuresOf(result, "once"))) {
    assert.match(kind, /^(ConnectionLost|WorkerLost):maybe$/);
  }
  const lost = Object.values(result.failed).reduce((sum, count) => sum + count, 0);
  assert.ok(lost <= 4, `at most what was in flight: ${lost}`);
  measured("Python, SIGKILL of 1 of 3", {
    sent: result.sent,
    failed: result.failed,
    gapMs: longestGapMs(reports),
  });
});

rowTest("a rolling restart of all servers costs no call from Python", async (cluster) => {
  const servers = await cluster.serveMany(3, { slowMs: 3 });
  const client = await cluster.load({}, undefined, load);
  for (const server of servers) {
    assert.equal(await server.stop(), 0);
    await cluster.serve({ port: server.port, slowMs: 3 });
    await client.more(50);
  }
  const reports = await stopAll([client]);
  const result = cluster.audit();
  assert.deepEqual(result.failed, {});
  assert.equal(result.executed, result.sent, "nothing ran twice, idempotent or not");
  measured("Python, rolling restart", { sent: result.sent, gapMs: longestGapMs(reports) });
});

rowTest("a server that is stopped is found out from Python, and used again", async (cluster) => {
  const [victim] = await cluster.serveMany(3);
  const client = await cluster.load({}, undefined, load);
  await cluster.runsOn("s1", 20);
  victim?.process.signal("SIGSTOP");
  const foundMs = await untilNothingHangs(client);
  victim?.process.signal("SIGCONT");
  await cluster.runsOn("s1", 20);
  const report = await client.stop();
  const result = cluster.audit();
  assert.deepEqual(failuresOf(result, "again"), {});
  for (const kind of Object.keys(failuresOf(result, "once"))) {
    assert.match(kind, /^ConnectionLost:maybe$/);
  }
  assert.ok(report.failed <= 4, `at most what was in flight: ${report.failed}`);
  measured("Python, SIGSTOP, then SIGCONT", { sent: result.sent, failed: result.failed, foundMs });
});

rowTest("connections that break within a message cost Python its open calls", async (cluster) => {
  // The proxy has to be there before the server, which registers the proxy's address as its own.
  const port = freePort();
  await using proxy = startTcpProxy({ targetPort: port });
  await cluster.serve({ port, args: ["--advertise", `127.0.0.1:${proxy.port}`] });
  await cluster.serve();
  const client = await cluster.load({}, undefined, load);
  await cluster.runsOn("s1", 20);
  for (let round = 0; round < 6; round++) {
    if (round % 3 === 0) proxy.cut();
    else proxy.cutAfter(100 + round * 7, round % 3 === 1 ? "toClient" : "toServer");
    await cluster.runsOn("s1", 20);
  }
  await client.stop();
  const result = cluster.audit();
  assert.deepEqual(failuresOf(result, "again"), {});
  for (const kind of Object.keys(failuresOf(result, "once"))) {
    assert.match(kind, /^ConnectionLost:maybe$/);
  }
  measured("Python, connections cut", { sent: result.sent, failed: result.failed });
});

rowTest(
  "a server that joins is used from Python, one drained from afar is not",
  async (cluster) => {
    const first = await cluster.serve();
    const client = await cluster.load({}, undefined, load);
    await cluster.serve();
    await cluster.runsOn("s2", 10);
    const { code, stderr } = await cluster.home.run(["servers", "drain", first.address]);
    assert.equal(code, 0, stderr);
    const isLeftAlone = () =>
      cluster.executions().slice(-100).every(({ server }) => server === "s2");
    await waitFor("100 calls in a row elsewhere", isLeftAlone);
    await client.stop();
    assert.deepEqual(cluster.audit().failed, {});
  },
);

/** Runs a program in Python that has the client beside it, to its end. */
async function run(python: string, home: RpcHome, text: string): Promise<string> {
  const { success, stdout, stderr } = await within(
    "a program in Python",
    new Deno.Command(python, {
      args: ["-B", "-c", text],
      env: home.env({ PYTHONPATH: here("../../clients/python") }),
      cwd: home.workingDirectory,
      stdin: "null",
    }).output(),
  );
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout).trim();
}

kazooTest(
  "the Python client finds servers in a ZooKeeper with a chroot, and goes on without it",
  async (python) => {
    await using zooKeeper = await startZooKeeper();
    await using cluster = await Cluster.create(`zookeeper://${zooKeeper.connectString}/some/path`);
    // Before the first server: the service's node does not exist yet.
    const loading = cluster.load({}, undefined, [python, here("fixtures/load.py")]);
    const first = await cluster.serve();
    const client = await loading;
    await cluster.serve();
    await cluster.runsOn("s2", 10);
    assert.equal(await first.stop(), 0);
    await client.more(20);
    const anew = () =>
      run(
        python,
        cluster.home,
        `import rpc_client
with rpc_client.Client("zookeeper://${zooKeeper.connectString}/some/path", last_known_dir="kept") as client:
    print(client.call("ping", timeout=60))`,
      );
    assert.equal(await anew(), "pong");
    await zooKeeper.stop();
    await client.more(50);
    // A program that begins in the outage has the list of the one before.
    assert.equal(await anew(), "pong");
    await client.stop();
    const failed = cluster.audit().failed;
    // Calls that waited for the first server longer than a client does while there is none.
    for (const kind of Object.keys(failed)) assert.match(kind, / Unavailable:no$/);
  },
);

kazooTest(
  "with keys the Python client finds servers in a ZooKeeper that speaks TLS, by its name",
  async (python) => {
    await using home = await RpcHome.create();
    await using stranger = await RpcHome.create();
    await home.run(["keys", "init", "--name", "alpha"]);
    await stranger.run(["keys", "init", "--name", "eve"]);
    const made = await home.run(["keys", "zookeeper", "127.0.0.1"]);
    const config = Object.fromEntries(
      made.lines.filter((line) => line.includes("=")).map((line) => line.split("=", 2)),
    );
    const secure = freePort();
    await using _ = await startZooKeeper({ config: { ...config, secureClientPort: secure } });
    const registry = `zookeepers://127.0.0.1:${secure}/secure`;
    await home.serve([], { env: { RPC_REGISTRY: registry } });
    const text = "import logging, rpc_client\nlogging.disable()\n" +
      `with rpc_client.Client("${registry}") as client:\n` +
      "    try: print(client.call('fib', [10], timeout=120))\n" +
      "    except rpc_client.RpcError as error: print(error.name, error)\n";
    assert.equal(await run(python, home, text), "55");
    assert.match(await run(python, stranger, text), /^Unavailable Cannot reach ZooKeeper/);
  },
);

/** Calls until new keys are shown, on a connection beside the one that has a call under way. */
const renewedUnderway = (keys: string, renewed: string) => `
import asyncio, os, shutil, rpc_client
keys, renewed = ${JSON.stringify(keys)}, ${JSON.stringify(renewed)}
async def main():
    async with rpc_client.AsyncClient() as client:
        first = await client.call("fib", [10])
        [endpoint] = client._core._endpoints.values()
        before = endpoint.connection
        long = asyncio.ensure_future(client.call("fib", [32], timeout=120))
        await asyncio.sleep(0)
        while not before._pending:
            await asyncio.sleep(0)
        for name in ("machine.key", "machine.crt"):
            shutil.copy(os.path.join(renewed, name), os.path.join(keys, "new"))
            os.replace(os.path.join(keys, "new"), os.path.join(keys, name))
        for _ in range(20_000):
            if endpoint.connection not in (None, before):
                break
            assert await client.call("fib", [10]) == 55
        assert endpoint.connection not in (None, before), "the keys of before are shown still"
        assert await long == 2178309
        while before.is_open:
            await asyncio.sleep(0.01)
        print(first)
asyncio.run(main())
`;

Deno.test({
  ...skippedIf(
    noServedPython,
    "with keys the Python client speaks TLS to the cluster's servers and to no others",
  ),
  async fn() {
    await using home = await RpcHome.create();
    await using other = await RpcHome.create(home.registry);
    await home.run(["keys", "init", "--name", "alpha"]);
    const { stdout: keys } = await home.run(["keys", "export", "bob", "--rights", "read,call:fib"]);
    const server = await home.serve();
    const call = (method: string, registry = "None") =>
      `import rpc_client\n` +
      `with rpc_client.Client(${registry}) as client:\n` +
      `    try: print(client.call(${method}, timeout=120))\n` +
      `    except rpc_client.RpcError as error: print(error.name, error.executed, error)\n`;
    const fib = '"fib", [10]';

    // Whom nobody has let in: by the registry's word, and by TLS's own where there is none.
    assert.match(await run(oldest, other, call(fib)), /^Unauthenticated no .*rpc keys join/);
    const address = `"static:${server.address}"`;
    assert.match(await run(oldest, other, call(fib, address)), /^Unavailable no .*rpc keys join/);

    assert.equal((await other.run(["keys", "import", "-"], { stdin: keys })).code, 0);
    for (const python of oldestAndNewestPython) {
      assert.equal(await run(python, other, call(fib)), "55");
    }
    assert.equal(await run(oldest, other, call(fib, address)), "55");

    // A renewal that was killed: its keys are whole in one file, and apart in the others.
    const at = `${other.directory}/config/rpc/keys`;
    const certificate = Deno.readTextFileSync(`${at}/machine.crt`);
    const authority = Deno.readTextFileSync(`${at}/ca.crt`);
    const pending = Deno.readTextFileSync(`${at}/machine.key`) + certificate + authority;
    Deno.writeTextFileSync(`${at}/pending.key`, pending, { mode: 0o600 });
    Deno.copyFileSync(`${at}/ca.crt`, `${at}/machine.crt`);
    assert.equal(await run(oldest, other, call(fib, address)), "55");
    // A join that was killed: the other files are not there yet.
    Deno.removeSync(`${at}/machine.crt`);
    Deno.removeSync(`${at}/ca.crt`);
    for (const python of oldestAndNewestPython) {
      assert.equal(await run(python, other, call(fib, address)), "55");
    }
    // And one that was killed before the last file, on a machine of another cluster.
    await using former = await RpcHome.create();
    await former.run(["keys", "init", "--name", "eve"]);
    Deno.writeTextFileSync(`${at}/machine.crt`, certificate);
    Deno.copyFileSync(`${former.directory}/config/rpc/keys/ca.crt`, `${at}/ca.crt`);
    assert.equal(await run(oldest, other, call(fib)), "55");
    // Of two authorities that one counts that made the certificate.
    const two = Deno.readTextFileSync(`${at}/ca.crt`) + authority;
    Deno.removeSync(`${at}/pending.key`);
    Deno.writeTextFileSync(`${at}/ca.crt`, two);
    assert.equal(await run(oldest, other, call(fib)), "55");
    Deno.writeTextFileSync(`${at}/ca.crt`, authority);

    // Keys that are renewed while a client has a connection with the old ones.
    for (const python of oldestAndNewestPython) {
      const rights = ["--rights", "read,call:fib"];
      const { stdout: anew } = await home.run([
        "keys",
        "export",
        "bob",
        "--name",
        "bob",
        ...rights,
      ]);
      await using next = await RpcHome.create();
      const taken = await next.run(["keys", "import", "-"], { stdin: anew });
      assert.equal(taken.code, 0, taken.stderr);
      const renewed = `${next.directory}/config/rpc/keys`;
      assert.equal(await run(python, other, renewedUnderway(at, renewed)), "55");
    }

    assert.match(await run(oldest, other, call('"pi", [10]')), /^PermissionDenied no /);

    if (Deno.build.os !== "windows") {
      for (
        const [path, open, closed] of [[at, 0o777, 0o700], [`${at}/ca.crt`, 0o646, 0o644]] as const
      ) {
        Deno.chmodSync(path, open);
        const told = await run(oldest, other, call(fib)).catch(String);
        assert.match(told, new RegExp(`can change ${path}; first: chmod ${closed.toString(8)}`));
        Deno.chmodSync(path, closed);
      }
    }

    // A server in the open, and one of another cluster.
    await using stranger = await RpcHome.create();
    const open = await stranger.serve();
    const notOurs = `"static:${open.address}"`;
    assert.match(await run(oldest, other, call(fib, notOurs)), /^Unavailable no .*TLS/);
    await stranger.run(["keys", "init", "--name", "mallory"]);
    const impostor = await stranger.serve();
    const foreign = `"static:${impostor.address}"`;
    assert.match(await run(oldest, other, call(fib, foreign)), /^Unavailable no .*impostor/);
  },
});

Deno.test({
  ...skippedIf(noServedPython, "a private server is called from Python by who can read its secret"),
  async fn() {
    await using home = await RpcHome.create();
    await home.serve(["--private"]);
    const text = "import rpc_client\n" +
      "with rpc_client.Client() as client: print(client.call('fib', [10]))";
    assert.equal(await run(oldest, home, text), "55");
  },
});

Deno.test({
  ...skippedIf(
    noServedPython,
    "a stream of a real server is read from Python within its credit, and left",
  ),
  async fn() {
    await using home = await RpcHome.create();
    const tasks =
      "export async function* count(n: number) { for (let i = 0; i < n; i++) yield i; }";
    await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, tasks);
    await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const text = "import rpc_client\n" +
      "with rpc_client.Client() as client:\n" +
      "    print(sum(client.stream('count', [1000], credit=7)))\n" +
      "    print(next(client.stream('count', [1000000000], credit=7)))\n" +
      "    print(list(client.stream('count', [3])), client.call('count', [3]))\n";
    for (const python of oldestAndNewestPython) {
      assert.equal(await run(python, home, text), "499500\n0\n[0, 1, 2] [0, 1, 2]");
    }
  },
});
