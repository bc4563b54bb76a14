import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcHome } from "../support/rpc_process.ts";

/** Answers with what nobody can be sent, or prints what is no answer. */
const program = `
const methods = ["pid", "long", "deep", "chat"].map((name) => ({ name, params: [] }));
const results = {
  pid: () => Deno.pid,
  long: () => "x".repeat(5_000_000),
  deep: () => JSON.parse("[".repeat(70) + "]".repeat(70)),
  chat: () => console.log("hello from the program"),
  "rpc.discover": () => ({ openrpc: "1.3.2", info: { title: "t", version: "1" }, methods }),
};
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.split("\\n").filter((one) => one !== "")) {
    const { id, method } = JSON.parse(line);
    const answer = { jsonrpc: "2.0", id, result: results[method]() ?? null };
    console.log(JSON.stringify(answer));
  }
}
`;

Deno.test("a result that nobody can be sent costs a program of --exec its call, not the worker (P-17)", async () => {
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
  assert.equal(await pid(), before);
  // What is no answer costs the worker, and the log says what it was.
  assert.match(await failure("chat"), /broke the protocol on its stdout/);
  await server.process.says(/A worker ended .* printed="hello from the program"/);
});
