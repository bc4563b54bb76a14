/** What procedures in a sandbox do to their process, which is to be as where there is none. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { lives } from "../support/process_table.ts";
import { binary } from "../support/program.ts";
import { sandboxTest } from "../support/sandbox.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

const module = `
import { defineProcedure, z } from "rpc";
import settings from "./settings.json" with { type: "json" };
import { half } from "./parts/half.ts";
import { DatabaseSync } from "node:sqlite";
import { twice } from "data:text/javascript,export const twice = (n) => 2 * n;";

export const files = async (at) => {
  Deno.mkdirSync(at + "/a/b", { recursive: true });
  Deno.writeTextFileSync(at + "/a/one", "1");
  Deno.writeTextFileSync(at + "/a/one", "2", { append: true });
  Deno.renameSync(at + "/a/one", at + "/a/b/two");
  Deno.copyFileSync(at + "/a/b/two", at + "/three");
  Deno.truncateSync(at + "/three", 1);
  Deno.chmodSync(at + "/three", 0o600);
  const temporary = Deno.makeTempDirSync({ dir: at });
  const database = new DatabaseSync(temporary + "/database");
  database.exec("CREATE TABLE t (x); INSERT INTO t VALUES (5)");
  const { x } = database.prepare("SELECT x FROM t").get();
  database.close();
  Deno.removeSync(temporary, { recursive: true });
  const names = [...Deno.readDirSync(at)].map(({ name }) => name).sort();
  return [Deno.readTextFileSync(at + "/a/b/two"), Deno.readTextFileSync(at + "/three"), x, names];
};
export const run = (program, ...args) => {
  const { success, stdout } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
  return [success, new TextDecoder().decode(stdout)];
};
export const variable = (name) => Deno.env.get(name) ?? null;
export const pid = () => Deno.pid;
export const parts = () => [settings.name, half(8), twice(4)];
export const exit = () => Deno.exit(3);
export const exitOfNode = async () => (await import("node:process")).exit(3);
export const close = () => { self.close(); return new Promise(() => {}); };
export const spin = () => { for (;;); };
export const print = () => { console.log("said by log"); Deno.stdout.writeSync(new TextEncoder().encode("said by stdout\\n")); };
export const leave = () => { setTimeout(() => { throw new Error("too late"); }); Promise.reject(new Error("not caught")); };
export const fail = () => { throw new Error("broken"); };
export const flood = () => { for (let i = 0; i < 10_000; i++) self.postMessage?.("x".repeat(100)); };
export const echo = (text) => text;
export function* count(n) { for (let i = 1; i <= n; i++) yield i; }
export const zone = () => new Date(2026, 6, 1).getTimezoneOffset();
export const thread = () => {
  const code = "postMessage(6 * 7)";
  const worker = new Worker(URL.createObjectURL(new Blob([code])), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
};
export const waits = defineProcedure({
  input: z.tuple([]), output: z.string(), kind: "io",
}, async (_, { signal }) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  console.log("was cancelled");
  return "cancelled";
});
export const slow = defineProcedure({
  input: z.tuple([z.int()]), output: z.int(), kind: "io",
}, async ([ms]) => { await new Promise((resolve) => setTimeout(resolve, ms)); return ms; });
`;

async function served(
  home: RpcHome,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) {
  const at = home.workingDirectory;
  await Deno.mkdir(join(at, "data"));
  await Deno.mkdir(join(at, "parts"));
  await Deno.writeTextFile(join(at, "settings.json"), '{ "name": "of JSON" }');
  await Deno.writeTextFile(
    join(at, "parts", "half.ts"),
    'import { by } from "../by.js";\nexport const half = (n: number) => by(n, 2);\n',
  );
  await Deno.writeTextFile(join(at, "by.js"), "export const by = (n, m) => n / m;\n");
  await Deno.writeTextFile(join(at, "tasks.ts"), module);
  return await home.serve([
    ...["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--allow-read=data", ...flags],
  ], { env });
}

sandboxTest("a module in a sandbox has its own imports, threads and zone of time", async () => {
  await using home = await RpcHome.create();
  await served(home);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  assert.deepEqual(await client.call("parts"), ["of JSON", 4, 8]);
  assert.equal(await client.call("thread"), 42);
  assert.equal(await client.call("zone"), new Date(2026, 6, 1).getTimezoneOffset());
  const text = "ü".repeat(2_000_000);
  assert.equal(await client.call("echo", [text]), text);
  const items = await Array.fromAsync(client.stream("count", [5_000]));
  assert.deepEqual([items.length, items.at(-1)], [5_000, 5_000]);
  const waits = await Promise.all([1, 2, 3, 4].map((n) => client.call("slow", [n])));
  assert.deepEqual(waits, [1, 2, 3, 4]);
});

sandboxTest("procedures in a sandbox do with an allowed directory what they like", async () => {
  await using home = await RpcHome.create();
  await served(home, ["--allow-write=data"]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  assert.deepEqual(await client.call("files", ["data"]), ["12", "1", 5, ["a", "three"]]);
});

sandboxTest(
  "procedures in a sandbox start the programs that are named, and see variables",
  async () => {
    await using home = await RpcHome.create();
    const script = join(home.workingDirectory, "script");
    await Deno.writeTextFile(script, "#!/bin/sh\nread line < data/file; echo it says $line\n");
    await Deno.chmod(script, 0o755);
    await served(home, ["--allow-run=cat,./script,sh", "--allow-env=RPC_TEST_*"], {
      RPC_TEST_A: "told",
      RPC_SECRET: "not to be told",
    });
    await Deno.writeTextFile(join(home.workingDirectory, "data", "file"), "a text\n");
    await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
    assert.deepEqual(await client.call("run", ["cat", "data/file"]), [true, "a text\n"]);
    assert.deepEqual(await client.call("run", ["./script"]), [true, "it says a text\n"]);
    await assert.rejects(client.call("run", ["ls"]), /Requires run access/);
    assert.equal(await client.call("variable", ["RPC_TEST_A"]), "told");
    await assert.rejects(client.call("variable", ["HOME"]), /Requires env access/);
    // What it starts is outside of the sandbox from source, and in a binary in that of files.
    const [isRead] = await client.call("run", ["cat", "/etc/passwd"]) as [boolean, string];
    assert.equal(isRead, binary === undefined);
    // Only what procedures may see is in the environment of what they start.
    const printed = await client.call("run", ["sh", "-c", "echo $RPC_TEST_A, $RPC_SECRET"]);
    assert.deepEqual(printed, [true, "told,\n"]);
    // Without the right to close them, what is started from source has the worker's lines.
    const [hasLines] = await client.call("run", ["sh", "-c", ": >&4"]) as [boolean, string];
    assert.equal(hasLines, binary === undefined);
  },
);

sandboxTest("a procedure in a sandbox that ends its process costs only its call", async () => {
  await using home = await RpcHome.create();
  await served(home);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  for (const [method, code] of [["exit", 3], ["exitOfNode", 3], ["close", 0]] as const) {
    const before = await client.call("pid");
    await assert.rejects(client.call(method), (error: Error) => {
      assert.equal(error.name, "WorkerLost", method);
      assert.match(error.message, new RegExp(`exited with code ${code}$`), method);
      return true;
    });
    assert.notEqual(await client.call("pid"), before, method);
  }
});

sandboxTest(
  "a call in a sandbox that overruns its deadline is ended, and its process",
  async () => {
    await using home = await RpcHome.create();
    await served(home);
    await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
    const before = await client.call("pid") as number;
    const spinning = client.call("spin", [], { timeoutMs: 5_000 });
    await assert.rejects(spinning, { name: "DeadlineExceeded" });
    assert.notEqual(await client.call("pid"), before);
    await waitFor("the end of the process", async () => !await lives(before));
  },
);

sandboxTest("what procedures in a sandbox print and do not catch is logged", async () => {
  await using home = await RpcHome.create();
  const server = await served(home);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  const before = await client.call("pid");
  await client.call("print");
  await server.process.says(/\[worker \d+\] said by log/);
  await server.process.says(/\[worker \d+\] said by stdout/);
  await client.call("leave");
  await server.process.says(/Nobody caught an error: Error: too late/);
  await server.process.says(/Nobody caught a rejection: Error: not caught/);
  await assert.rejects(client.call("fail"), { name: "InternalError" });
  await server.process.says(/fail failed: Error: broken[^]*tasks\.ts:\d+/);
  await client.call("flood");
  assert.equal(await client.call("pid"), before);
});

sandboxTest("a call in a sandbox is told that it was cancelled", async () => {
  await using home = await RpcHome.create();
  const server = await served(home);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  const controller = new AbortController();
  const waiting = client.call("waits", [], { signal: controller.signal });
  await client.call("slow", [1]);
  controller.abort();
  await assert.rejects(waiting);
  await server.process.says(/\[worker \d+\] was cancelled/);
});

sandboxTest(
  "workers in a sandbox start when they are called, and end with the server",
  async () => {
    await using home = await RpcHome.create();
    const server = await served(home, ["--workers-min", "0"]);
    await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
    const pid = await client.call("pid") as number;
    server.process.signal("SIGTERM");
    assert.equal(await server.process.ended(), 0);
    await waitFor("the end of the worker", async () => !await lives(pid));
  },
);

sandboxTest(
  "what workers in a sandbox load is fetched for them: their packages too",
  async () => {
    await using home = await RpcHome.create();
    const asked: string[] = [];
    await using registry = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (one) => {
      asked.push(new URL(one.url).pathname);
      return new Response(null, { status: 404 });
    });
    const { code } = await home.run(["serve", "127.0.0.1", "0", "--allow-env=TZ"], {
      env: {
        DENO_DIR: join(home.workingDirectory, "empty"),
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${registry.addr.port}`,
      },
    });
    assert.equal(code, 1);
    assert.deepEqual([...new Set(asked)], ["/zod"]);
  },
  binary === undefined ? undefined : "a binary holds its packages",
);

const running = `
export const python = (code: string) =>
  new TextDecoder().decode(
    new Deno.Command("/usr/bin/python3", { args: ["-I", "-c", code] }).outputSync().stdout,
  ).trim();
`;

/** Opens a socket of each kind, and tells of which it could. */
const opensSockets = `
import socket
for name, kind in dict(
    tcp=(socket.AF_INET, socket.SOCK_STREAM), mptcp=(socket.AF_INET, socket.SOCK_STREAM, 262),
    udp=(socket.AF_INET6, socket.SOCK_DGRAM), unix=(socket.AF_UNIX, socket.SOCK_STREAM),
).items():
    try:
        socket.socket(*kind).close()
        print(name)
    except PermissionError:
        pass
    except OSError:
        print(name)
`;

// To see it fail: let becomeConfined in src/workers/sandbox/landlock.ts not call leaveNetwork().
sandboxTest(
  "programs in a binary's sandbox open no sockets of a network but with --allow-net",
  async () => {
    await using home = await RpcHome.create();
    await Deno.writeTextFile(join(home.workingDirectory, "run.ts"), running);
    const run = ["run.ts", "--workers", "1", "--allow-run=/usr/bin/python3"];
    for (
      const [flags, kinds] of [
        [[], "unix"],
        [["--allow-net=127.0.0.1"], "tcp\nmptcp\nudp\nunix"],
      ] as const
    ) {
      const { port } = await home.serve(["127.0.0.1", "0", ...run, ...flags]);
      const registry = `static:127.0.0.1:${port}`;
      await using client = await connect({ registry, timeoutMs: 120_000 });
      assert.equal(await client.call("python", [opensSockets]), kinds);
    }
  },
  binary === undefined ? "from source they run outside" : undefined,
);
