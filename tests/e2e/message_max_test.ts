import assert from "node:assert/strict";
import { join } from "node:path";
import { messageMaxDefault, oneStringBytesMax } from "../../src/base/limits.ts";
import { connect } from "../../src/mod.ts";
import { noPython } from "../support/python.ts";
import { startGateway } from "../support/gateway_process.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

const module = `
export const echo = (text: string) => text;
export const size = (text: string) => text.length;
export const grow = (length: number) => "x".repeat(length);
export function* items(length: number) { yield "x".repeat(length); }
`;

/**
 * Millions of bytes may take long on a machine that has much else to do, so long that a server
 * seems to be gone: then they are sent again.
 */
const timeoutMs = 120_000;
const patient = { idempotent: true };

const workers: [name: string, file: string, text: string][] = [
  ["TypeScript", "tasks.ts", module],
  ["Python", "tasks.py", "def echo(text: str) -> str:\n    return text\n"],
];

for (const [name, file, text] of workers) {
  Deno.test({
    ...skippedIf(
      name === "Python" ? noPython : undefined,
      `messages as long as both ends take go there and back (${name})`,
    ),
    async fn() {
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.workingDirectory, file), text);
      const address = ["127.0.0.1", "0", file, "--workers", "1"];
      await home.serve([...address, "--message-max", "16M"]);
      await using client = await connect({
        registry: home.registry,
        messageMax: 16 * 1024 * 1024,
        timeoutMs,
      });
      for (const length of [3_000_000, 15_000_000]) {
        const sent = "é".repeat(length / 2);
        assert.equal(await client.call("echo", [sent], patient) === sent, true);
      }
    },
  });
}

Deno.test("what one end does not take is an error with both lengths and the flag, and costs nothing else", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--message-max=6MiB"]);
  await using client = await connect({
    registry: home.registry,
    messageMax: 5 * 1024 * 1024,
    timeoutMs,
  });
  const failure = async (call: Promise<unknown>) => {
    const error = await call.then(() => assert.fail("it succeeded"), (error) => error);
    return [error.name, error.executed, error.message];
  };
  // More than the server takes: it is not sent.
  const [tooLong, ran, why] = await failure(client.call("echo", ["x".repeat(7_000_000)]));
  assert.deepEqual([tooLong, ran], ["InvalidParams", "no"]);
  assert.match(
    why,
    /^Cannot call echo: its parameters are 70000\d\d bytes long, and 6291456 is the/,
  );
  assert.ok(
    why.endsWith(`most that ${server.address} takes (rpc serve --message-max, or messageMax)`),
    why,
  );
  // More than the client takes, and the server may send.
  for (const method of ["grow", "echo"]) {
    const params = method === "grow" ? [6_000_000] : ["x".repeat(6_000_000)];
    const [name, executed, message] = await failure(client.call(method, params));
    assert.deepEqual([name, executed], ["InternalError", "yes"]);
    assert.match(
      message,
      /a result: it is 60000\d\d bytes long, and 5242880 is the most that its caller takes \(--message-max of rpc call, gateway or mcp, messageMax or message_max\)/,
    );
  }
  const items = async () => {
    for await (const item of client.stream("items", [6_000_000])) assert.ok(item);
  };
  assert.match((await failure(items()))[2], /an item: it is .* and 5242880 is the most that its/);
  // More than the server sends.
  const [name, , message] = await failure(client.call("grow", [7_000_000]));
  assert.equal(name, "InternalError");
  assert.match(message, /70000\d\d bytes long, and 6291456 is the most that this server takes/);
  // The connection is the same, and calls on it go on.
  assert.equal(await client.call("grow", [1]), "x");
  assert.deepEqual(client.stats.retries, 0);
});

/** What a server of the module above answers to a text, until that is whole. */
async function answersTo(text: string, isWhole: (answers: string) => boolean): Promise<string> {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1"]);
  const port = Number(server.address.split(":").at(-1));
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  let answers = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    answers += part;
    if (isWhole(answers)) break;
  }
  return answers;
}

Deno.test("a request as long as a message may be reaches a worker, whatever the server adds (P-5)", async () => {
  // It leaves no room for a deadline.
  const [head, tail] = ['{"jsonrpc":"2.0","id":1,"method":"size","params":["', '"]}\n'];
  const length = messageMaxDefault - head.length - tail.length;
  const text = `${head}${"x".repeat(length)}${tail}`;
  const answer = await answersTo(text, (answer) => answer.endsWith("\n"));
  assert.equal(answer, `{"jsonrpc":"2.0","id":1,"result":${length}}\n`);
});

/** A program that answers with as many bytes as it is asked for, and some blanks of its own. */
const program = `
const methods = [{ name: "grow", params: [] }];
const answers = {
  grow: ([length]) => "x".repeat(length),
  "rpc.discover": () => ({ openrpc: "1.3.2", info: { title: "t", version: "1" }, methods }),
};
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.split("\\n").filter((one) => one !== "")) {
    const { id, method, params } = JSON.parse(line);
    const result = JSON.stringify(answers[method](params));
    console.log(\`{ "jsonrpc": "2.0", "id": \${id}, "result": \${result} }\`);
  }
}
`;
const inPython = `
def grow(length: int) -> str:
    return "x" * length

def items(length: int):
    yield "x" * length
`;

const exact: [name: string, file: string, text: string, serve: string[]][] = [
  ["TypeScript", "tasks.ts", module, ["tasks.ts"]],
  ["Python", "tasks.py", inPython, ["tasks.py"]],
  ["--exec", "program.js", program, ["--exec", `"${Deno.execPath()}" run --no-config program.js`]],
];

for (const [name, file, text, serve] of exact) {
  Deno.test({
    ...skippedIf(
      name === "Python" ? noPython : undefined,
      `an answer may be exactly as long as a message, whatever ids there are (${name}) (P-5, P-17)`,
    ),
    async fn() {
      const bytesMax = 1024 * 1024;
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.workingDirectory, file), text);
      const options = ["--workers", "1", "--message-max", "1M", "--no-builtin"];
      const server = await home.serve(["127.0.0.1", "0", ...options, ...serve]);
      const port = Number(server.address.split(":").at(-1));
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const lines = linesOf(connection);
      const next = async () => (await lines.next()).value ?? "";
      const writer = connection.writable.getWriter();
      const ask = async (method: string, id: string | number, length: number) => {
        const meta = method === "items" ? { stream: 8 } : {};
        const request = { jsonrpc: "2.0", id, method, params: [length], meta };
        await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
        return await next();
      };
      const frames: Record<string, (id: string, text: string) => string> = {
        grow: (id, text) => `{"jsonrpc":"2.0","id":${id},"result":"${text}"}\n`,
        items: (id, text) =>
          `{"jsonrpc":"2.0","method":"rpc.item","params":{"id":${id},"items":["${text}"]}}\n`,
      };
      // So that a worker's ids are longer than the shortest of a caller's.
      for (let i = 0; i < 10; i++) await ask("grow", i, 1);
      for (const method of name === "--exec" ? ["grow"] : ["grow", "items"]) {
        for (const id of [1, "x".repeat(200)]) {
          const frame = frames[method] as (id: string, text: string) => string;
          const length = bytesMax - frame(JSON.stringify(id), "").length;
          const longest = await ask(method, id, length);
          assert.equal(longest.length + 1, bytesMax, longest.slice(0, 1_000));
          if (method === "items") assert.equal(JSON.parse(await next()).result, 1);
          const { error } = JSON.parse(await ask(method, id, length + 1));
          assert.match(
            error.message,
            /it is 1048577 bytes long, and 1048576 is the most that this server .*--message-max/,
          );
        }
      }
    },
  });
}

async function* linesOf(connection: Deno.TcpConn): AsyncGenerator<string> {
  let rest = "";
  for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

Deno.test("a client that asks what there is without a word on messages is sent 1 MiB at most (P-5)", async () => {
  const request = (method: string, params: unknown[]) =>
    JSON.stringify({ jsonrpc: "2.0", id: method, method, params }) + "\n";
  const text = request("rpc.discover", []) + request("grow", [2_000_000]);
  const answers = await answersTo(
    text,
    (answers) => answers.endsWith("\n") && answers.includes('"id":"grow"'),
  );
  assert.match(
    answers,
    /a result: it is 20000\d\d bytes long, and 1048576 is the most that a caller/,
  );
});

Deno.test("how long a message a server takes is in the registry and in rpc.discover", async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0", "--message-max", "8M"]);
  const [line = ""] = (await home.run(["servers", "--json"])).lines;
  assert.equal(JSON.parse(line).messageMax, 8 * 1024 * 1024);
  const { stdout } = await home.run(["call", "rpc.discover"]);
  assert.equal(JSON.parse(stdout).info["x-message-max"], 8 * 1024 * 1024);
});

Deno.test("a bound on messages that cannot be is told with what can", async () => {
  await using home = await RpcHome.create();
  for (const size of ["500K", "1025M", "16X", "-1", "", "NaN"]) {
    const { code, stderr } = await home.run(["call", "ping", `--message-max=${size}`]);
    assert.equal(code, 2, size);
    assert.match(stderr, /a size such as 16M or 16777216, from 1 MiB to 1 GiB/);
  }
  for (const messageMax of [0, NaN, 2 ** 30 + 1, "16M" as unknown as number]) {
    await assert.rejects(connect({ registry: home.registry, messageMax }), {
      name: "InvalidParams",
      message: /messageMax/,
    });
  }
});

Deno.test("the command sends and takes long messages, from its arguments, its input and the environment", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--message-max", "16M"]);
  await Deno.writeTextFile(join(home.workingDirectory, "long"), `["${"y".repeat(6_000_000)}"]\n`);
  const short = await home.run(["call", "echo", "--input", "long"]);
  assert.equal(short.code, 1);
  assert.match(short.stderr, /longer than 4194304 bytes: see --message-max/);
  const long = await home.run(["call", "echo", "--input", "long"], {
    env: { RPC_MESSAGE_MAX: "16M", RPC_TIMEOUT: "2m" },
  });
  assert.deepEqual([long.code, long.stdout.length], [0, 6_000_003], long.stderr);
});

Deno.test("a gateway takes and sends as long messages as it is told, and says what is too long for it", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--message-max", "8M"]);
  const gateway = await startGateway(home, ["--message-max", "6MiB", "--timeout", "2m"]);
  const text = "é".repeat(2_500_000);
  const echoed = await gateway.call("echo", [text]);
  assert.equal(echoed.status, 200);
  assert.equal(await echoed.json() === text, true);

  const most = "6291456 is the most that this gateway takes and sends (rpc gateway --message-max)";
  // One byte more: who sends it has sent nearly all of it before he is told.
  const long = JSON.stringify(["x".repeat(6_291_453)]);
  const refused = await gateway.call("echo", JSON.parse(long));
  assert.equal(refused.status, 413);
  assert.equal(
    (await refused.json()).detail,
    `Cannot take the body: it is ${long.length} bytes long, and ${most}`,
  );
  // One that does not say its length beforehand.
  const pieces = new Blob([long]).stream();
  const unsaid = await gateway.fetch("/call/echo", {
    method: "POST",
    body: pieces,
    headers: { "content-type": "application/json" },
  });
  assert.equal(unsaid.status, 413);
  assert.equal((await unsaid.json()).detail, `Cannot take the body: it is longer, and ${most}`);
  const grown = await gateway.call("grow", [7_000_000]);
  assert.equal(grown.status, 502);
  assert.match(
    (await grown.json()).detail,
    /and 6291456 is the most .*gateway or mcp, messageMax or message_max\)$/,
  );

  const socket = new WebSocket(gateway.url.replace("http", "ws"), [
    ...["rpc", `bearer.${gateway.token}`],
  ]);
  const message = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<[code: number, reason: string]>();
  const ask = (given: string) =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "echo", params: [given] }));
  socket.onopen = () => ask(text);
  socket.onmessage = ({ data }) => message.resolve(data);
  socket.onclose = ({ code, reason }) => closed.resolve([code, reason]);
  assert.equal(JSON.parse(await message.promise).result === text, true);
  ask("x".repeat(6_300_000));
  assert.deepEqual(await closed.promise, [
    1009,
    "6291456 bytes is the most: rpc gateway --message-max",
  ]);
});

Deno.test("a call too long for some servers goes to the one that takes it", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  const address = ["127.0.0.1", "0", "tasks.ts", "--workers", "1"];
  for (const messageMax of ["1M", "4M", "8M"]) {
    await home.serve([...address, "--message-max", messageMax]);
  }
  await using client = await connect({
    registry: home.registry,
    messageMax: 8 * 1024 * 1024,
    timeoutMs,
  });
  const text = "x".repeat(5_000_000);
  for (let calls = 0; calls < 6; calls++) {
    assert.equal(await client.call("echo", [text], patient), text);
  }
  await assert.rejects(client.call("echo", ["x".repeat(9_000_000)]), {
    name: "InvalidParams",
    message: /9000\d\d\d bytes long, and 8388608 is the most that any server takes, the one at 127/,
  });
});

Deno.test("a message longer than one string may be goes there and back", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--message-max", "1GiB"]);
  const messageMax = 1024 ** 3;
  await using client = await connect({ registry: home.registry, messageMax, timeoutMs });
  // With something to escape, so that it is no text that goes without JSON.
  const sent = `${"x".repeat(oneStringBytesMax)}\n`;
  assert.equal(await client.call("echo", [sent], patient) === sent, true);
  const failed = client.call("ping", [sent], patient);
  await assert.rejects(failed, {
    name: "InvalidParams",
    message:
      /^Cannot read the parameters: they are 134217734 bytes long, and 134217728 is the most/,
  });
});
