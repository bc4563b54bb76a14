import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { signalTest } from "../support/posix.ts";
import { RpcHome, type RpcProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

/** Starts `rpc tap`, and resolves when it listens to so many servers. */
async function tap(home: RpcHome, args: readonly string[], servers: number): Promise<RpcProcess> {
  const listener = home.start(["tap", ...args]);
  await listener.says(new RegExp(`listening to ${servers} server`));
  return listener;
}

async function events(listener: RpcProcess, count: number): Promise<Record<string, unknown>[]> {
  await waitFor(() => `${count} events from ${listener.describe()}`, () => {
    return listener.lines.length >= count;
  });
  return listener.lines.map((line) => JSON.parse(line));
}

async function endOf(listener: RpcProcess): Promise<void> {
  listener.signal("SIGINT");
  assert.equal(await listener.ended(), 130, listener.describe());
}

test("rpc tap tells every call at every server, whoever makes it", async (home) => {
  const servers = await Promise.all([home.serve(), home.serve()]);
  const all = await tap(home, ["--json"], 2);
  const one = await tap(home, ["--json", "--server", servers[0]?.address ?? ""], 1);
  const failed = await tap(home, ["f*", "--failed"], 2);
  for (const { address } of servers) {
    await home.run(["call", "fib", "20", "--server", address]);
    await home.run(["call", "fib", "much", "--server", address]);
  }
  const told = await events(all, 4);
  for (const { address } of servers) {
    const own = told.filter(({ server }) => server === address);
    const shown = own.map(({ method, params, outcome }) => [method, params, outcome]);
    assert.deepEqual(shown, [["fib", "[20]", "ok"], ["fib", '["much"]', "InvalidParams"]]);
  }
  assert.ok(
    told.every(({ id, time, from, ms, missed }) =>
      typeof id === "string" && !Number.isNaN(Date.parse(String(time))) &&
      String(from).startsWith("127.0.0.1:") && Number(ms) > 0 && missed === 0
    ),
  );
  const ofOne = (await events(one, 2)).map(({ server }) => server);
  assert.deepEqual(ofOne, [servers[0]?.address, servers[0]?.address]);
  await failed.line(new RegExp(`InvalidParams +${servers[1]?.address} .*fib\\("much"\\): Cannot`));
  assert.ok(failed.lines.every((line) => line.includes("InvalidParams")));
  for (const listener of [all, one, failed]) await endOf(listener);
});

test("rpc tap goes on with the servers that come, and says which are lost", async (home) => {
  const port = String(freePort());
  const [first] = await Promise.all([home.serve(["127.0.0.1", port]), home.serve()]);
  const listener = await tap(home, ["--json"], 2);
  await first.kill();
  const again = await home.serve(["127.0.0.1", port]);
  await listener.says(/listening to 1 server more/);
  await home.run(["call", "ping", "7", "--server", again.address]);
  const [event] = await events(listener, 1);
  assert.equal(event?.["server"], again.address);
  assert.equal(await again.stop(), 0, again.stderr);
  await endOf(listener);
});

signalTest("rpc tap waits for a server, and ends where nobody reads it any more", async () => {
  await using home = await RpcHome.create();
  const listener = home.start(["tap"]);
  await listener.says(/no server is registered yet/);
  const server = await home.serve();
  await listener.says(/listening to 1 server/);
  const calls = home.start(["call", "ping", "{i}", "--rate", "200", "--quiet"]);
  await listener.line(new RegExp(`ok +${server.address} .*ping\\(\\d+\\)$`));
  listener.closeStdout();
  assert.equal(await listener.ended(), 0, listener.describe());
  calls.signal("SIGINT");
  await calls.ended();
});

signalTest("rpc tap ends with 1 at a server that does not know it", async () => {
  await using home = await RpcHome.create();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const answering = (async () => {
    for await (const connection of listener) void answer(connection).catch(() => {});
  })();
  try {
    const { code, stderr } = await home.run(["tap", "-r", `static:127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot listen to .*: it is another program, or of an older version/);
  } finally {
    listener.close();
    await answering;
  }
});

/** Knows no method at all. */
async function answer(connection: Deno.Conn): Promise<void> {
  const writer = connection.writable.getWriter();
  let text = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (text + part).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((one) => one !== "")) {
      const { id } = JSON.parse(line);
      const error = { code: -32601, message: "none" };
      if (id === undefined) continue;
      await writer.write(
        new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", id, error })}\n`),
      );
    }
  }
}

signalTest(
  "nobody listens to a server of --no-tap, as rpc tap says, and its calls go on",
  async () => {
    await using home = await RpcHome.create();
    assert.equal((await home.run(["config", "set", "no-tap", "true"])).code, 0);
    await home.serve();
    const { code, stderr } = await home.run(["tap"]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot listen to .*: PermissionDenied: .*--no-tap/);
    assert.equal((await home.run(["call", "ping"])).stdout, '"pong"\n');
  },
);

signalTest("with keys rpc tap tells who calls, and how many calls it has left out", async () => {
  await using home = await RpcHome.create();
  assert.equal((await home.run(["keys", "init", "--name", "alpha"])).code, 0);
  await home.serve();
  const listener = await tap(home, ["--json"], 1);
  await home.run(["call", "ping"]);
  const [event] = await events(listener, 1);
  assert.equal(event?.["caller"], "alpha");
  assert.equal(event?.["params"], "[]");
  // More than are told, and nothing after them.
  await home.run(["call", "ping", "{i}", "--repeat", "1000", "--quiet"]);
  await waitFor(() => `1001 calls, told or counted, from ${listener.describe()}`, () => {
    const told = listener.lines.map((line) => JSON.parse(line));
    return told.reduce((sum, { method, missed }) => sum + missed + (method ? 1 : 0), 0) === 1_001;
  });
  await endOf(listener);
});
