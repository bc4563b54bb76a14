import assert from "node:assert/strict";
import { RpcHome, type RpcProcess, type RpcServerProcess } from "../support/rpc_process.ts";
import { freePort } from "../support/free_port.ts";
import { signalTest } from "../support/posix.ts";
import { waitFor } from "../support/wait_for.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

/** Resolves when the client has had this many more answers from the server. */
async function takesCalls(
  client: RpcProcess,
  server: RpcServerProcess,
  count = 20,
): Promise<void> {
  let seen = client.lines.length;
  let answers = 0;
  await waitFor(() => `calls at ${server.address}: ${client.describe()}`, () => {
    for (; seen < client.lines.length; seen++) {
      if (client.lines[seen]?.includes(`"server":"${server.address}"`)) answers++;
    }
    return answers >= count;
  });
}

test("servers join and leave, orderly or by kill -9, and no call fails", async (home) => {
  const [one, two] = await Promise.all([home.serve(), home.serve()]);
  const client = home.start(
    [..."call fib 20 --repeat 100000000 --concurrency 4 --json".split(" ")],
  );
  await Promise.all([takesCalls(client, one), takesCalls(client, two)]);

  const three = await home.serve();
  await takesCalls(client, three, 1);
  await takesCalls(client, three);

  assert.equal(await one.stop(), 0, one.stderr);
  await Promise.all([takesCalls(client, two), takesCalls(client, three)]);

  await two.kill();
  await takesCalls(client, three, 100);

  client.signal("SIGINT");
  assert.equal(await client.ended(), 130, client.describe());
  assert.match(client.stderr, /\b\d+ calls, 0 errors/);
  for (const { address } of [one, two, three]) {
    assert.match(client.stderr, new RegExp(`${address}\\s+\\d+`));
  }
  const failed = client.lines.filter((line) => !line.includes('"result":6765'));
  assert.deepEqual(failed, []);
});

test("drain from afar costs no call, outlives the server, and resume takes it back", async (home) => {
  const port = String(freePort());
  const [one, two] = await Promise.all([home.serve(["127.0.0.1", port]), home.serve()]);
  const client = home.start([..."call fib 20 --repeat 100000000 -c 4 --json".split(" ")]);
  await Promise.all([takesCalls(client, one), takesCalls(client, two)]);

  const drained = await home.run(["servers", "drain", one.address]);
  assert.equal(drained.code, 0, drained.stderr);
  assert.match(drained.stdout, /is drained: new calls go to 1 other/);
  // The client may hear of it a little later; then none of fifty in a row goes there.
  await waitFor("no calls at the drained one", async () => {
    const before = client.lines.length;
    await takesCalls(client, two, 50);
    return !client.lines.slice(before).some((line) => line.includes(one.address));
  });

  assert.equal(await one.stop(), 0, one.stderr);
  const again = await home.serve(["127.0.0.1", port]);
  await again.process.says(/An operator has changed the share of .*drained/);
  const listed = await home.run(["servers", "--json"]);
  const rows = listed.lines.map((line) => JSON.parse(line));
  assert.equal(rows.find(({ address }) => address === again.address)?.drained, true);

  const resumed = await home.run(["servers", "resume", again.address]);
  assert.equal(resumed.code, 0, resumed.stderr);
  await takesCalls(client, again);
  client.signal("SIGINT");
  assert.equal(await client.ended(), 130, client.describe());
  assert.match(client.stderr, /\b\d+ calls, 0 errors/);
});

signalTest("rpc servers ends with 1 when none of those that are listed answers", async () => {
  await using home = await RpcHome.create();
  const dead = `127.0.0.1:${freePort()}`;
  const none = await home.run(["servers", "--registry", `static:${dead}`]);
  assert.equal(none.code, 1, none.stdout);
  assert.match(none.stdout, /no answer/);
  const server = await home.serve();
  const one = await home.run(["servers", "--registry", `static:${dead},${server.address}`]);
  assert.equal(one.code, 0, one.stderr);
});

signalTest("a private server is drained by its own user", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--private"]);
  const drained = await home.run(["servers", "drain", server.address]);
  assert.equal(drained.code, 0, drained.stderr);
});
