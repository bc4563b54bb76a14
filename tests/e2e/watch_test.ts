import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { connect } from "rpc";
import { linkTest } from "../support/posix.ts";
import { RpcHome, type RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

/** A client that calls `version` all the time, and what it has got. */
class Callers implements AsyncDisposable {
  readonly seen = new Set<unknown>();
  readonly #callers: Promise<void>[];
  #isOver = false;

  constructor(registry: string) {
    this.#callers = [this.#call(registry)];
    this.#callers.forEach((caller) => caller.catch(() => {}));
  }

  async #call(registry: string): Promise<void> {
    await using client = await connect({ registry, timeoutMs: 120_000 });
    const caller = async () => {
      while (!this.#isOver) this.seen.add(await client.call("version"));
    };
    await Promise.all([caller(), caller()]);
  }

  sees(version: number): Promise<unknown> {
    return waitFor(`version ${version}`, () => this.seen.has(version));
  }

  /** Rejects if a call has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }
}

const watching = async (server: RpcServerProcess) => {
  await server.process.says(/Watching for changes/);
};

const version = (n: number) => `export const version = () => ${n};\n`;

Deno.test("a version that hangs as it loads does not block a good one, and no call is lost", async () => {
  await using home = await RpcHome.create();
  const path = join(home.workingDirectory, "tasks.ts");
  await Deno.writeTextFile(path, version(1));
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch"]);
  await watching(server);
  await using callers = new Callers(home.registry);
  await callers.sees(1);
  const pidPath = join(home.workingDirectory, "hanging.pid");
  await Deno.writeTextFile(
    path,
    `Deno.writeTextFileSync(${JSON.stringify(pidPath)}, String(Deno.pid));
     await new Promise(() => setInterval(() => {}, 1_000));\n${version(2)}`,
  );
  const pid = await waitFor("the load that hangs", async () => {
    return Number(await Deno.readTextFile(pidPath).catch(() => "")) || undefined;
  });
  await Deno.writeTextFile(path, "while (true) {}\n");
  await server.process.says(/Cancelled a reload/);
  await Deno.writeTextFile(path, version(30));
  await callers.sees(30);
  await waitFor("the end of the worker that hung", () => !isAlive(pid));
  assert.deepEqual([...callers.seen], [1, 30]);
});

Deno.test("a module that writes beside itself is not reloaded, and what it imports is", async () => {
  await using home = await RpcHome.create();
  const at = (name: string) => join(home.workingDirectory, name);
  await Deno.writeTextFile(at("number.ts"), "export const number = 1;");
  await Deno.writeTextFile(
    at("tasks.ts"),
    `import { number } from "./number.ts";
     const write = () => {
       Deno.writeTextFileSync("log.txt", String(performance.now()));
       Deno.writeTextFileSync("data.sqlite-wal", String(performance.now()));
     };
     setInterval(write, 50);
     export function version() { write(); return number; }`,
  );
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch"]);
  await watching(server);
  await using callers = new Callers(home.registry);
  await callers.sees(1);
  for (const number of [20, 300]) {
    // At once: half of a file would be one reload more.
    await Deno.writeTextFile(at("next.ts"), `export const number = ${number};`);
    await Deno.rename(at("next.ts"), at("number.ts"));
    await callers.sees(number);
  }
  assert.equal(server.stderr.match(/Reloading/g)?.length, 2, server.stderr);
});

linkTest("a ConfigMap's files are reloaded when its link is swapped", async () => {
  await using home = await RpcHome.create();
  const at = (...names: string[]) => join(home.workingDirectory, ...names);
  for (const n of [1, 2]) {
    await Deno.mkdir(at(`..v${n}`));
    await Deno.writeTextFile(at(`..v${n}`, "tasks.ts"), version(n));
  }
  await Deno.symlink("..v1", at("..data"));
  await Deno.symlink(join("..data", "tasks.ts"), at("tasks.ts"));
  await watching(await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch"]));
  await using callers = new Callers(home.registry);
  await callers.sees(1);
  await Deno.symlink("..v2", at("..data_tmp"));
  await Deno.rename(at("..data_tmp"), at("..data"));
  await callers.sees(2);
});

Deno.test("an edit while the server starts is not missed", async () => {
  await using home = await RpcHome.create();
  const path = join(home.workingDirectory, "tasks.ts");
  await Deno.writeTextFile(
    path,
    `Deno.writeTextFileSync(${JSON.stringify(path)}, ${JSON.stringify(version(2))});\n${
      version(1)
    }`,
  );
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch"]);
  await using callers = new Callers(home.registry);
  await callers.sees(2);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
