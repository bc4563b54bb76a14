import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "rpc";
import { lives } from "../support/process_table.ts";
import { binary, binaryTest, rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { sandboxTest } from "../support/sandbox.ts";
import { waitFor } from "../support/wait_for.ts";
import type { Outside } from "./fixtures/more_escapes.ts";

const hasSetpriv = await Deno.stat("/usr/bin/setpriv").then(() => true, () => false);

/** These a thread of a program without the unstable flag never can. */
const neverPossible = [
  "threadOfAll",
  // Nor has it descriptors by their numbers.
  ...["descriptorRead", "descriptorWritten", "descriptorSeen"],
  // A binary fetches no code, and quotes nothing of what is no code.
  ...(binary === undefined ? [] : ["importRemote", "importAsCode"]),
];

/** A directory inside and one outside of a sandbox, and a server that it may not reach. */
async function outsideOf(home: RpcHome, port: number): Promise<Outside> {
  const [place, data] = [join(home.directory, "outside"), join(home.workingDirectory, "data")];
  await Deno.mkdir(place);
  await Deno.mkdir(data);
  for (const name of ["secret.txt", "to_change", "to_move", "to_remove"]) {
    await Deno.writeTextFile(join(place, name), "a secret");
  }
  await Deno.writeTextFile(join(place, "secret.json"), '"a secret"');
  await Deno.writeTextFile(join(place, "code.ts"), "export const code = 1;\n");
  await Deno.writeTextFile(join(place, "secret.env"), "RPC_TEST_LOADED=a secret\n");
  for (const name of ["escapes.ts", "more_escapes.ts", "further_escapes.ts"]) {
    await Deno.copyFile(
      new URL(`./fixtures/${name}`, import.meta.url),
      join(home.workingDirectory, name),
    );
  }
  return { place, data, port, pid: Deno.pid };
}

function listen(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (request.url.endsWith(".js")) {
      return new Response("export {};", { headers: { "content-type": "text/javascript" } });
    }
    if (request.url.endsWith(".events")) {
      return new Response("data: x\n\n", { headers: { "content-type": "text/event-stream" } });
    }
    if (request.headers.get("upgrade") !== "websocket") return new Response("here");
    return Deno.upgradeWebSocket(request).response;
  });
}

/** The ways out that are found with some flags. */
async function waysOut(flags: readonly string[]): Promise<{ all: string[]; out: string[] }> {
  await using home = await RpcHome.create();
  await using stranger = listen();
  const outside = await outsideOf(home, stranger.addr.port);
  await home.serve(["127.0.0.1", "0", "escapes.ts", "--workers", "1", ...flags], {
    env: { RPC_TEST_SECRET: "a secret" },
  });
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  const all = await client.call("names") as string[];
  const out: string[] = [];
  for (const name of all) {
    // Some ways are programs that a busy machine is slow to start.
    const patience = { timeoutMs: 120_000 };
    const found = await client.call("tryOut", [name, outside], patience).catch((error) => {
      // Deno ends a process that asks for what it would have to be started with.
      if (name === "threadOfAll" && error.name === "WorkerLost") return false;
      throw new Error(`${name}: ${error}`);
    });
    if (found === true) out.push(name);
  }
  return { all, out };
}

sandboxTest(
  "no procedure finds a way out of a sandbox, and each way leads out where there is none",
  async () => {
    const inside = await waysOut(["--allow-read=data", "--allow-write=data"]);
    assert.deepEqual(inside.out, []);
    assert.ok(inside.all.length >= 150);
    const free = await waysOut([]);
    const closed = free.all.filter((name) => !free.out.includes(name));
    assert.deepEqual(closed.filter((name) => !neverPossible.includes(name)), []);
  },
);

const allowedModule = `
import { spare } from "./spare.ts";
export const plain = () => spare;
export const file = () => { Deno.writeTextFileSync("data/a", "x"); return Deno.readTextFileSync("data/a"); };
export const fetched = async (port: number) => await (await fetch("http://127.0.0.1:" + port)).text();
export const variable = () => Deno.env.get("RPC_TEST_SECRET");
export const ran = () => new Deno.Command("/bin/true").outputSync().success;
export const later = async () => (await import("./later.ts")).later;
`;

sandboxTest(
  "procedures in a sandbox may do what its flags name, and import their own modules",
  async () => {
    await using home = await RpcHome.create();
    await using friend = listen();
    const { port } = friend.addr;
    const at = home.workingDirectory;
    await Deno.mkdir(join(at, "data"));
    await Deno.writeTextFile(join(at, "tasks.ts"), allowedModule);
    await Deno.writeTextFile(join(at, "spare.ts"), "export const spare = 1;\n");
    await Deno.writeTextFile(join(at, "later.ts"), "export const later = 2;\n");
    await home.serve([
      ...["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--allow-read=data,later.ts"],
      ...["--allow-write=data", `--allow-net=127.0.0.1:${port}`, "--allow-run=/bin/true"],
      "--allow-env=RPC_TEST_SECRET",
    ], { env: { RPC_TEST_SECRET: "told" } });
    await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
    assert.equal(await client.call("plain"), 1);
    assert.equal(await client.call("file"), "x");
    assert.equal(await client.call("fetched", [port]), "here");
    assert.equal(await client.call("variable"), "told");
    assert.equal(await client.call("ran"), true);
    assert.equal(await client.call("later"), 2);
    assert.equal(await client.call("fib", [10]), 55);
    // What says so is loaded later where there is no sandbox.
    await assert.rejects(client.call("fib", ["x"]), /n must be a number \(got "x"\)/);
    await assert.rejects(client.call("fetched", []), /port is missing/);
  },
);

const definedModule = `
import { defineProcedure, z } from "rpc";
export const double = defineProcedure({
  input: z.tuple([z.number()]),
  output: z.number(),
}, (n) => 2 * n);
export const secret = defineProcedure(
  { input: z.tuple([]), output: z.string() },
  () => Deno.readTextFileSync("/etc/passwd"),
);
`;

sandboxTest("procedures in a sandbox may be defined by what rpc offers", async () => {
  await using home = await RpcHome.create();
  const at = home.workingDirectory;
  await Deno.mkdir(join(at, "data"));
  await Deno.writeTextFile(join(at, "defined.ts"), definedModule);
  await home.serve([
    ...["127.0.0.1", "0", "defined.ts", "--workers", "1", "--allow-read=data"],
  ]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  assert.equal(await client.call("double", [21]), 42);
  await assert.rejects(client.call("double", ["x"]), { name: "InvalidParams" });
  await assert.rejects(client.call("secret"), /Requires read access/);
});

const reading = (version: number) => `
export const version = () => ${version};
export const read = () => Deno.readTextFileSync("/etc/passwd");
`;

sandboxTest("a reload keeps the sandbox", async () => {
  await using home = await RpcHome.create();
  const path = join(home.workingDirectory, "tasks.ts");
  await Deno.writeTextFile(path, reading(1));
  const server = await home.serve([
    ...["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--watch", "--allow-env=NONE"],
  ]);
  await server.process.says(/Watching for changes/);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  await assert.rejects(client.call("read"), /Requires read access/);
  await Deno.writeTextFile(path, reading(2));
  await waitFor("version 2", async () => await client.call("version") === 2);
  await assert.rejects(client.call("read"), /Requires read access/);
});

for (
  const [what, code] of [
    [
      "text",
      'import text from "/etc/passwd" with { type: "text" };\nexport const f = () => text;\n',
    ],
    [
      "a link",
      'export const f = async () => (await import("./link.json", { with: { type: "json" } })).default;\n',
    ],
  ] as const
) {
  sandboxTest(
    `a module that imports data from outside (${what}) is not served in a sandbox`,
    async () => {
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.directory, "outside.json"), "{}");
      await Deno.symlink("../outside.json", join(home.workingDirectory, "link.json"));
      await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), code);
      const args = ["127.0.0.1", "0", "tasks.ts", "--allow-env=NONE"];
      if (binary !== undefined && what === "a link") {
        // What is imported while a procedure runs is held then.
        await home.serve(args);
        await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
        await assert.rejects(client.call("f"), /Permission denied/);
        return;
      }
      const result = await home.run(["serve", ...args]);
      assert.equal(result.code, 2);
      assert.match(result.stderr, /in a sandbox: it imports .*no code, from outside/);
    },
  );
}

sandboxTest(
  "a directory with a link that leads out of it is not allowed to a sandbox",
  async () => {
    await using home = await RpcHome.create();
    const data = join(home.workingDirectory, "data");
    await Deno.mkdir(join(data, "deep"), { recursive: true });
    await Deno.writeTextFile(join(home.directory, "secret"), "a secret");
    for (const target of ["../../../secret", "../../../not_there_yet", ".."]) {
      await Deno.symlink(target, join(data, "deep", "link"));
      for (const flag of ["--allow-read=data/deep", "--allow-write=data/deep"]) {
        const result = await home.run(["serve", "127.0.0.1", "0", flag]);
        assert.equal(result.code, 2, result.stderr);
        assert.match(result.stderr, /the link .*link leads out to/);
      }
      await Deno.remove(join(data, "deep", "link"));
    }
    await Deno.symlink("..", join(data, "deep", "link"));
    await home.serve(["127.0.0.1", "0", "--workers", "1", "--allow-read=data"]);
  },
);

sandboxTest(
  "procedures in a sandbox may not be let write the code that their workers load",
  async () => {
    await using home = await RpcHome.create();
    const at = home.workingDirectory;
    await Deno.mkdir(join(at, "lib"));
    await Deno.writeTextFile(join(at, "lib", "part.ts"), "export const part = 1;\n");
    await Deno.writeTextFile(
      join(at, "tasks.ts"),
      'import { part } from "./lib/part.ts";\nexport const f = () => part;\n',
    );
    for (const place of [".", "tasks.ts", "lib", "/"]) {
      const result = await home.run([
        ...["serve", "127.0.0.1", "0", "tasks.ts", `--allow-write=${place}`],
      ]);
      assert.equal(result.code, 2, result.stderr);
      const says = binary !== undefined && place === "/"
        ? /Cannot allow \/ in a binary: it holds \/proc/
        : /Cannot let procedures write .*\.(ts|json)/;
      assert.match(result.stderr, says);
    }
  },
);

sandboxTest("a flag of the sandbox that names nothing is refused", async () => {
  await using home = await RpcHome.create();
  for (const flag of ["--allow-read=", "--allow-net=a,,b", "--allow-run=,"]) {
    const result = await home.run(["serve", "127.0.0.1", "0", flag]);
    assert.equal(result.code, 2);
    assert.match(result.stderr, /needs names, separated by commas/);
  }
});

sandboxTest(
  "an import that a sandbox cannot have is told as such, unless the module can do without",
  async () => {
    await using home = await RpcHome.create();
    const url = "http://127.0.0.1:1/x.ts";
    const body = "export function one() { return 1; }";
    await Deno.writeTextFile(`${home.workingDirectory}/needs.ts`, `import "${url}"; ${body}`);
    const serve = ["serve", "127.0.0.1", "0"];
    const refused = await home.run([...serve, "needs.ts", "--allow-read=."]);
    assert.equal(refused.code, binary === undefined ? 2 : 1);
    assert.match(
      refused.stderr,
      binary === undefined
        ? /^rpc: Cannot load needs\.ts: import of http:.* failed: in a sandbox/
        : /Cannot load needs\.ts: it imports http:.*a binary .* fetches none/,
    );
    const optional = `await import("${url}").catch(() => {}); ${body}`;
    await Deno.writeTextFile(`${home.workingDirectory}/tries.ts`, optional);
    await home.serve(["127.0.0.1", "0", "tries.ts", "--allow-read=."]);
    assert.deepEqual((await home.run(["call", "one"])).lines, ["1"]);
  },
);

sandboxTest("a file in Python is not served in a sandbox, which would not hold it", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.py"), "def f(): return 1\n");
  const serve = ["serve", "127.0.0.1", "0", "tasks.py", "--allow-env=NONE"];
  const result = await home.run(serve);
  assert.equal(result.code, 2);
  assert.match(result.stderr, /narrow modules of TypeScript and JavaScript only/);
});

sandboxTest(
  "a worker in a sandbox that computes for ever ends with a server that is killed",
  async () => {
    await using home = await RpcHome.create();
    await Deno.writeTextFile(
      join(home.workingDirectory, "tasks.ts"),
      "export const pid = () => Deno.pid;\nexport const spin = () => { for (;;); };\n",
    );
    const args = ["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--allow-env=NONE"];
    const server = await home.serve(args);
    await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
    const pid = await client.call("pid") as number;
    const spinning = client.call("spin").catch(() => {});
    Deno.kill(server.pid, "SIGKILL");
    await waitFor("the worker's end", async () => !await lives(pid));
    await spinning;
  },
  hasSetpriv ? undefined : "there is no setpriv",
);

sandboxTest(
  "a program of --exec beside a sandbox gets no new privileges, and its limits are told",
  async () => {
    await using home = await RpcHome.create();
    const path = join(home.workingDirectory, "tasks.py");
    const example = new URL("../../examples/tasks.py", import.meta.url);
    const text =
      `import sys\nprint([l for l in open("/proc/self/status") if "NoNewPrivs" in l], file=sys.stderr)\n`;
    await Deno.writeTextFile(path, text + await Deno.readTextFile(example));
    const exec = ["--no-builtin", "--exec", "python3 tasks.py", "--workers", "1"];
    const server = await home.serve(["127.0.0.1", "0", ...exec, "--allow-env=NONE"]);
    await server.process.says(/--allow-\.\.\. flags do not hold for the program of --exec/);
    await server.process.says(/NoNewPrivs:\\+t1/);
  },
  hasSetpriv ? undefined : "there is no setpriv",
);

binaryTest("a binary without Landlock refuses to narrow procedures, and says why", async () => {
  await using home = await RpcHome.create();
  await Deno.mkdir(join(home.workingDirectory, "data"));
  const script = fileURLToPath(new URL("../support/without_landlock.py", import.meta.url));
  const flags = ["--allow-read=data", "--allow-net=127.0.0.1:1", "--allow-env=NONE"];
  for (const flag of flags) {
    const result = await home.run(["serve", "127.0.0.1", "0", flag], {
      command: ["python3", script, ...rpcCommand],
    });
    assert.equal(result.code, 2, result.stderr);
    assert.match(result.stderr, /Cannot narrow what procedures may touch: a binary needs Landlock/);
  }
}, { posix: true });

binaryTest("a worker of a binary that cannot make its sandbox does no work", async (path) => {
  const offer = { builtin: true, permissions: { read: [] } };
  const script = fileURLToPath(new URL("../support/without_landlock.py", import.meta.url));
  for (const mark of [[], ["confined"]]) {
    const { code, stdout } = await talk("python3", [
      ...[script, path, "sandbox", ...mark, JSON.stringify(offer)],
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /"error":.*Cannot make a sandbox/);
    assert.doesNotMatch(stdout, /"result"/);
  }
}, { posix: true });

binaryTest("a binary gives rights only to files that are there", async () => {
  await using home = await RpcHome.create();
  await Deno.symlink("/proc", join(home.workingDirectory, "link"));
  for (const flag of ["--allow-read", "--allow-write"]) {
    const missing = await home.run(["serve", "127.0.0.1", "0", `${flag}=not_there`]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /Cannot allow not_there in a binary: there is no such file/);
    for (const place of ["/proc/self", "link"]) {
      const held = await home.run(["serve", "127.0.0.1", "0", `${flag}=${place}`]);
      assert.equal(held.code, 2);
      assert.match(held.stderr, /in a binary: it holds \/proc/);
    }
  }
}, { posix: true });

/** Asks a worker for its procedures, and waits for its end. */
async function talk(program: string, args: readonly string[]) {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}\n'),
  );
  await writer.close();
  const { code, stdout } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}
