import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcHome } from "../support/rpc_process.ts";

/** Answers with what nobody can be sent, or prints what is no answer. */
const program = `
const methods = ["pid", "stopped", "long", "deep", "chat"].map((name) => ({ name, params: [] }));
methods.push({ name: "items", params: [], "x-stream": true });
let stream, stopped = false;
const results = {
  pid: () => Deno.pid,
  stopped: () => stopped,
  long: () => "x".repeat(5_000_000),
  deep: () => JSON.parse("[".repeat(70) + "]".repeat(70)),
  chat: () => console.log("hello from the program"),
  "rpc.discover": () => ({ openrpc: "1.3.2", info: { title: "t", version: "1" }, methods }),
};
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.split("\\n").filter((one) => one !== "")) {
    const { id, method, params } = JSON.parse(line);
    if (method === "items") {
      const items = ["x".repeat(5_000_000)];
      console.log(JSON.stringify({ jsonrpc: "2.0", method: "rpc.item", params: { id, items } }));
      stream = id;
      continue;
    }
    if (method === "rpc.cancel" && params.id === stream) stopped = true;
    if (id === undefined) continue;
    const answer = { jsonrpc: "2.0", id, result: results[method]() ?? null };
    console.log(JSON.stringify(answer));
  }
}
`;

Deno.test("a result or an item that nobody can be sent costs a program of --exec its call, not the worker (P-17)", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "program.js"), program);
  const exec = `"${Deno.execPath()}" run --no-config -A program.js`;
  const options = ["--no-builtin", "--workers", "1", "--exec", exec];
  const server = await home.serve(["127.0.0.1", "0", ...options]);
  const failure = async (method: string) => {
    const { code, stderr } = await home.run(["call", method, "--timeout", "1m"]);
    assert.equal(code, 1, stderr);
    return stderr;
  };
  const pid = async () => (await home.run(["call", "pid"])).stdout;
  const before = await pid();
  assert.match(
    await failure("long"),
    /InternalError: Cannot send a result: it is 50000\d\d bytes long, and 4194304 is the most that this server takes and sends \(rpc serve --message-max/,
  );
  assert.match(await failure("deep"), /Cannot send a result: it is nested too deep/);
  // The program waits to be asked for more, or to be told that nobody does.
  assert.match(await failure("items"), /InternalError: Cannot send items: their message is 50000/);
  assert.equal((await home.run(["call", "stopped"])).stdout, "true\n");
  assert.equal(await pid(), before);
  // What is no answer costs the worker, and the log says what it was.
  assert.match(await failure("chat"), /broke the protocol on its stdout/);
  await server.process.says(/A worker ended .* printed="hello from the program"/);
});
