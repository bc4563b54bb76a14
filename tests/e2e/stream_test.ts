import assert from "node:assert/strict";
import { connect } from "../../src/mod.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

const tasks = `
import { defineProcedure, z } from "rpc";

export const count = defineProcedure({
  input: z.tuple([z.int(), z.int().optional()]),
  names: ["n", "pauseMs"],
  output: z.int(),
  idempotent: true,
}, async function* ([n, pauseMs]) {
  let i = 0;
  try {
    while (i < n) {
      if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      yield ++i;
    }
  } finally {
    console.log("count ended at " + i);
  }
});

export function* letters(word: string) {
  yield* word;
}

export function add(a: number, b: number) {
  return a + b;
}
`;

/** A worker that knows nothing of us, and reads stdin while it waits for credit. */
const foreign = `
const methods = [{ name: "steps", params: [{ name: "n" }], "x-stream": true }];
const document = { openrpc: "1.3.2", info: { title: "t", version: "1" }, methods };
const send = (message) => console.log(JSON.stringify({ jsonrpc: "2.0", ...message }));
const lines = (async function* () {
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const pieces = (text + part).split("\\n");
    text = pieces.pop();
    yield* pieces.map((piece) => JSON.parse(piece));
  }
})();
while (true) {
  const { done, value: request } = await lines.next();
  if (done) Deno.exit(0);
  const { id, method, params, meta } = request;
  if (method === "rpc.discover") send({ id, result: document });
  if (method !== "steps") continue;
  let credit = meta?.stream ?? Infinity;
  for (let i = 1; i <= params[0]; i++) {
    while (credit === 0) credit += (await lines.next()).value.params.n;
    send({ method: "rpc.item", params: { id, items: ["step " + i] } });
    credit--;
  }
  send({ id, result: null });
}
`;

async function serveTasks(home: RpcHome) {
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, tasks);
  return await home.serve(["127.0.0.1", "0", "tasks.ts"]);
}

function upTo(n: number): string[] {
  return Array.from({ length: n }, (_, i) => String(i + 1));
}

Deno.test("rpc call prints a line an item, of generators of every kind", async () => {
  await using home = await RpcHome.create();
  await serveTasks(home);
  const cases: [string[], string[]][] = [
    [["count", "10"], upTo(10)],
    [["count", "1000"], upTo(1000)],
    [["count", "0"], []],
    [["letters", "hi"], ['"h"', '"i"']],
    [["add", "1", "2"], ["3"]],
    [["count", "{i}", "--repeat", "3", "--concurrency", "3"], ["1", "1", "2", "1", "2", "3"]],
  ];
  for (const [args, expected] of cases) {
    const { code, lines, stderr } = await home.run(["call", ...args]);
    assert.deepEqual([code, lines], [0, expected], stderr);
  }
  const { lines } = await home.run(["call", "count", "2", "--json"]);
  const [first, second, end] = lines.map((line) => JSON.parse(line));
  assert.deepEqual([first, second], [{ i: 1, item: 1 }, { i: 1, item: 2 }]);
  assert.equal(end.items, 2);
});

Deno.test("items reach the terminal before the stream has ended, and its deadline ends it", async () => {
  await using home = await RpcHome.create();
  await serveTasks(home);
  const args = ["call", "count", "1000000", "20"];
  const call = home.start([...args, "--timeout", "10m"]);
  await waitFor("the first items", () => call.lines.length >= 2);
  assert.equal(call.code, undefined);
  // As many items as the machine has made until then.
  const late = await home.run([...args, "--timeout", "1000"]);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /DeadlineExceeded/);
  assert.deepEqual(late.lines.slice(0, -1), upTo(late.lines.length - 1));
});

Deno.test("a caller that leaves its loop stops the generator on the server", async () => {
  await using home = await RpcHome.create();
  const server = await serveTasks(home);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  const seen: unknown[] = [];
  for await (const item of client.stream("count", [1_000_000])) {
    seen.push(item);
    if (seen.length === 5) break;
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  // No further than it was let.
  await server.process.says(/count ended at \d{1,3}\b/);

  const typed = client.streams<{ count(n: number): AsyncGenerator<number> }>();
  let sum = 0;
  for await (const item of typed.count(4)) sum += item;
  assert.equal(sum, 10);
  assert.deepEqual(await client.call("count", [3]), [1, 2, 3]);
});

Deno.test("a stream whose server is killed fails after its items, and is not begun again", async () => {
  await using home = await RpcHome.create();
  const servers = [await serveTasks(home), await serveTasks(home)];
  const call = home.start(["call", "count", "1000000", "5", "--timeout", "60000"]);
  await waitFor("the first items", () => call.lines.length >= 5);
  for (const server of servers) await server.kill();
  assert.equal(await call.ended(), 1);
  assert.match(call.stderr, /ConnectionLost/);
  assert.deepEqual(call.lines, upTo(call.lines.length));
});

Deno.test("a program in any language may stream", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/steps.js`, foreign);
  const command = `"${Deno.execPath()}" run --allow-all steps.js`;
  const server = await home.serve(["127.0.0.1", "0", "--exec", command]);
  const { code, lines, stderr } = await home.run(["call", "steps", "200"]);
  assert.equal(code, 0, stderr + server.stderr);
  assert.deepEqual(lines, Array.from({ length: 200 }, (_, i) => `"step ${i + 1}"`));
});
