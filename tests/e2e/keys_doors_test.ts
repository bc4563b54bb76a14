import assert from "node:assert/strict";
import { startGateway } from "../support/gateway_process.ts";
import { Client, StdioClientTransport } from "../support/mcp_client.ts";
import { memberHome } from "../support/member_home.ts";
import { rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";
import { waitFor } from "../support/wait_for.ts";

const keysOf = (home: RpcHome) => `${home.directory}/config/rpc/keys`;

Deno.test("a gateway calls servers with keys as the member whose keys it has, and nobody without", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  await using bob = await memberHome(home, "bob", "read,call:ping");
  await using stranger = await RpcHome.create(home.registry);
  const file = `${home.directory}/audit.ndjson`;
  const server = await home.serve(["--audit", file]);

  const alphas = await startGateway(home);
  assert.equal(await (await alphas.call("fib", [20])).text(), "6765\n");
  const one = await alphas.post('{"jsonrpc":"2.0","id":1,"method":"fib","params":[20]}');
  assert.equal((await one.json()).result, 6765);

  const bobs = await startGateway(bob);
  assert.equal(await (await bobs.call("ping")).json(), "pong");
  const refused = await bobs.call("fib", [20]);
  assert.equal(refused.status, 403);
  assert.match((await refused.json()).detail, /"bob".*fib/);

  const strangers = await startGateway(stranger, ["--timeout", "2m"]);
  const none = await strangers.call("ping");
  assert.equal(none.status, 401);
  assert.match((await none.json()).detail, /rpc keys join/);

  await server.stop();
  const lines = Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ caller, method, outcome }) => `${caller} ${method} ${outcome}`), [
    "alpha fib ok",
    "alpha fib ok",
    "bob ping ok",
    "bob fib PermissionDenied",
  ]);
});

/** Has an agent call a tool of `rpc mcp`, and returns what it is answered. */
async function callTool(home: RpcHome, name: string, values: Record<string, unknown>) {
  const [command = "", ...args] = rpcCommand;
  const transport = new StdioClientTransport({
    command,
    args: [...args, "mcp"],
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...home.env() },
    cwd: home.workingDirectory,
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  try {
    return await client.callTool({ name, arguments: values });
  } finally {
    await client.close();
  }
}

Deno.test("rpc mcp offers the procedures of servers with keys to a member, as far as its rights go", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  await using bob = await memberHome(home, "bob", "read,call:ping");
  const server = await home.serve();
  const good = await callTool(home, "fib", { n: 20 });
  assert.deepEqual(good.content, [{ type: "text", text: "6765" }]);
  const refused = await callTool(bob, "fib", { n: 20 });
  assert.equal(refused.isError, true);
  assert.match(JSON.stringify(refused.content), /PermissionDenied.*bob/);
  await server.stop();
});

Deno.test("a gateway tells that its keys end soon, and renews them as a server does", async () => {
  await using home = await RpcHome.create();
  await using owner = await RpcHome.create();
  await using cluster = await TestCluster.create();
  const ending = await cluster.faulty({ name: "alpha", toDays: 9.5 });
  cluster.write(ending, keysOf(home));
  const told = await startGateway(home);
  await told.process.says(/The keys of alpha end: .*9 days left\. rpc keys renew/);

  cluster.write(ending, keysOf(owner));
  cluster.makeOwner(keysOf(owner), ["alpha"]);
  await startGateway(owner);
  await waitFor(
    "a new certificate",
    () => Deno.readTextFileSync(`${keysOf(owner)}/machine.crt`) !== ending.certificate,
  );
});

Deno.test("a private server is called by who can read its file, and by nobody who only reaches it", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--private"]);
  assert.equal((await home.run(["call", "ping"])).stdout, '"pong"\n');
  assert.match((await home.run(["servers"])).stdout, /answers in/);
  const around = await home.run(["call", "ping", "-r", `static:${server.address}`]);
  assert.equal(around.code, 1);
  assert.doesNotMatch(around.stdout, /pong/);
  assert.match(around.stderr, /Unauthenticated: This server is private: .* --registry local:/);
  const shown = await home.run(["servers", "--json"]);
  assert.doesNotMatch(shown.stdout + server.stderr + server.readyLine, /secret/);
  const files = [...Deno.readDirSync(`${home.directory}/registry/rpc`)];
  const json = files.filter(({ name }) => name.endsWith(".json"));
  assert.equal(json.length, 1);
  for (const { name } of json) {
    const path = `${home.directory}/registry/rpc/${name}`;
    assert.match(Deno.readTextFileSync(path), /"secret":"[\w-]{32}"/);
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o077, 0);
  }
  await server.stop();
  for (const more of [["-r", "static:127.0.0.1:1"], ["--callers", "x"]]) {
    assert.equal((await home.run(["serve", "127.0.0.1", "0", "--private", ...more])).code, 2);
  }
  assert.match(
    (await home.run(["serve", "0.0.0.0", "0", "--private"])).stderr,
    /Cannot be --private on a network/,
  );
});
