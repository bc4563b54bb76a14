import assert from "node:assert/strict";
import { join } from "node:path";
import { startGateway } from "../support/gateway_process.ts";
import { freePort } from "../support/free_port.ts";
import { processTable } from "../support/process_table.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const password = "hunter2-and-more";

Deno.test("the registry's password is shown by no command, and handed to no worker", async () => {
  const port = freePort();
  const registry = `zookeeper://me:${password}@127.0.0.1:${port}`;
  await using home = await RpcHome.create(registry, { isReachable: false });
  await Deno.writeTextFile(
    join(home.workingDirectory, "look.ts"),
    "export const look = () => Deno.env.toObject();",
  );
  const server = await home.serve(["127.0.0.1", "0", "look.ts"]);
  const seen = await home.run(["call", "look", "--registry", `static:${server.address}`]);
  assert.equal(JSON.parse(seen.stdout)["RPC_REGISTRY"], `zookeeper://127.0.0.1:${port}`);
  const commands = [
    ["servers"],
    ["servers", "--json"],
    ["methods"],
    ["call", "look"],
    ["config", "get"],
    ["config", "get", "registry"],
    ["config", "get", "--json"],
    ["config", "set", "service", "x"],
  ];
  const texts = [seen, ...await Promise.all(commands.map((command) => home.run(command)))]
    .flatMap(({ stdout, stderr }) => [stdout, stderr]);
  for (const text of [...texts, server.stderr, server.readyLine]) {
    assert.ok(!text.includes(password), text);
  }
  assert.match(texts.join(), /zookeeper:\/\/me:\*\*\*@127\.0\.0\.1/);
});

Deno.test("a password or a token in the wrong place is not repeated", async () => {
  await using home = await RpcHome.create();
  const token = `rpc-join-0123456789abcdef-${"Ab1_".repeat(5)}-x`;
  const url = `zookeeper://me:${password}@127.0.0.1:1`;
  const lines: readonly (readonly string[])[] = [
    ["keys", "join", token],
    ["keys", "join", "127.0.0.1:6665", token],
    ["keys", "import", token],
    ["keys", token],
    ["call", "ping", "--name", token],
    ["servers", url],
    ["serve", "127.0.0.1", "0", url],
    ["serve", "127.0.0.1", url],
    ["call", url, "--timeout", "1s"],
    ["call", url, token, "--repeat", "2", "--timeout", "1s"],
    // Its time is over before anything else: the error names the method.
    ["call", url, token, "--repeat", "2", "--timeout", "1ms"],
    ["call", url, token, "--json", "--timeout", "1ms"],
    ["call", url, token, "--verbose", "--timeout", "1ms"],
    ["methods", url],
    ["call", "ping", "--timeout", url],
    ["call", "ping", `--timeot=${url}`],
    ["call", "ping", "--service", url],
    ["config", "set", "timeout", url],
    ["config", "set", url, "x"],
    ["config", "get", url],
    ["gateway", url],
    [url],
  ];
  const set = [
    `zookeper://me:${password}@h`,
    `ZOOKEEPER://me:${password}@h`,
    `x://me:${password}@h`,
  ];
  const ran = await Promise.all([
    ...lines.map((line) => home.run(line)),
    ...set.map((registry) => home.run(["config", "get"], { env: { RPC_REGISTRY: registry } })),
    ...set.map((registry) => home.run(["call", "ping"], { env: { RPC_REGISTRY: registry } })),
    home.run(["call", "ping"], { env: { RPC_TIMEOUT: url } }),
  ]);
  for (const { stdout, stderr } of ran) {
    const text = stdout + stderr;
    assert.notEqual(text, "");
    assert.ok(!text.includes(password) && !text.includes(token.slice(-22)), text);
  }
});

/** What the system shows of the environments of a process's children. */
async function environmentsBelow(pid: number): Promise<string[]> {
  const children = (await processTable()).filter(({ parentPid }) => parentPid === pid);
  return children.map((child) => Deno.readTextFileSync(`/proc/${child.pid}/environ`));
}

Deno.test({
  ...skippedIf(
    notLinux,
    "the registry's password is in no worker's environment as the system shows it, page or figure",
  ),
  fn: async () => {
    const registry = `zookeeper://me:${password}@127.0.0.1:${freePort()}`;
    await using home = await RpcHome.create(registry, { isReachable: false });
    const at = home.workingDirectory;
    const module = 'export const fail = () => { throw new Error("on purpose"); };\n';
    await Deno.writeTextFile(join(at, "tasks.ts"), module);
    const example = new URL("../../examples/tasks.py", import.meta.url);
    await Deno.copyFile(example, join(at, "tasks.py"));
    const metrics = `127.0.0.1:${freePort()}`;
    const more = ["--workers", "1", "--log-level", "debug"];
    const [server, exec] = await Promise.all([
      home.serve(["127.0.0.1", "0", "tasks.ts", "--metrics", metrics, ...more]),
      home.serve(["127.0.0.1", "0", "--no-builtin", "--exec", "python3 tasks.py", ...more]),
    ]);
    const environments = [
      ...await environmentsBelow(server.pid),
      ...await environmentsBelow(exec.pid),
    ];
    assert.ok(environments.length >= 2);
    assert.ok(environments.every((text) => text.includes("RPC_REGISTRY=zookeeper://127.0.0.1:")));

    const place = ["--registry", `static:${server.address}`];
    const gateway = await startGateway(home, place);
    const pages = await Promise.all(
      ["/", "/openapi.json", "/metrics", "/readyz"].map(async (path) =>
        await (await gateway.fetch(path)).text()
      ),
    );
    const refused = await (await gateway.call("fail")).text();
    const ran = await Promise.all([
      home.run(["call", "fail", ...place, "--verbose", "--repeat", "2", "--html", "report.html"]),
      home.run(["call", "rpc.stats", ...place]),
      home.run(["doctor"]),
      home.run(["doctor", "--json"]),
      home.run(["service", "install", "--print"]),
    ]);
    const texts = [
      ...environments,
      ...pages,
      refused,
      await (await fetch(`http://${metrics}/metrics`)).text(),
      ...ran.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      ...[server, exec, gateway.process].map(({ stderr }) => stderr),
    ];
    texts.push(Deno.readTextFileSync(join(at, "report.html")));
    for (const text of texts) assert.ok(!text.includes(password), text);
    assert.match(ran[0].stderr, /on purpose/);
  },
});
