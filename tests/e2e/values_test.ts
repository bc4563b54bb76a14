import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { noPython, python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Procedures that return what JSON cannot express, one in each place where procedures run. */
const odd = `
import { defineProcedure, z } from "rpc";

const made = {
  map: () => ({ users: new Map([["a", 1]]) }),
  bytes: () => [new Uint8Array([1, 2])],
  nan: () => ({ mean: 0 / 0 }),
  big: () => 2n ** 64n,
  self: () => { const a = {}; a.a = a; return a; },
};
const input = z.tuple([z.enum(Object.keys(made))]);
const output = z.unknown();

export const inline = defineProcedure({ kind: "inline", input, output }, ([what]) => made[what]());
export const cpu = defineProcedure({ input, output }, ([what]) => made[what]());
export const io = defineProcedure({ kind: "io", input, output }, async ([what]) => await made[what]());
export async function* stream(what) { yield 1; yield made[what](); }
export const echo = (value) => value;
export const invert = defineProcedure(
  { input: z.tuple([z.base64()]), output: z.base64() },
  ([text]) => Uint8Array.fromBase64(text).map((byte) => 255 - byte).toBase64(),
);
`;

const texts: Readonly<Record<string, RegExp>> = {
  map: /(returned|yielded) a Map at \.users, which JSON cannot express: \w+ Object\.fromEntries/,
  bytes: /(returned|yielded) a Uint8Array at \[0\], .*bytes\.toBase64\(\)/,
  nan: /(returned|yielded) NaN at \.mean/,
  big: /(returned|yielded) a BigInt, .*String\(value\)/,
  self: /(returned|yielded) a part that contains itself at \.a/,
};

Deno.test("a value that JSON cannot express is an error wherever it was made (P-17, P-64)", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "odd.ts"), odd);
  const server = await home.serve(["127.0.0.1", "0", "odd.ts"]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  for (const [what, text] of Object.entries(texts)) {
    for (const method of ["inline", "cpu", "io", "stream"]) {
      const expected = { name: "InternalError", executed: "yes", message: text };
      await assert.rejects(client.call(method, [what]), expected, `${method} ${what}`);
    }
    const items: unknown[] = [];
    await assert.rejects(async () => {
      for await (const item of client.stream("stream", [what])) items.push(item);
    }, { name: "InternalError", message: text });
    assert.deepEqual(items, [1]);
  }
  await assert.rejects(client.call("echo", [{ at: new Date(NaN) }]), {
    name: "InvalidParams",
    executed: "no",
    message: /its parameters have an invalid Date at \[0\]\.at/,
  });
  await assert.rejects(client.call("echo", [new Set()]), { message: /pass \[\.\.\.set\]/ });
  const bytes = crypto.getRandomValues(new Uint8Array(1_000));
  const inverted = await client.call("invert", [bytes.toBase64()]) as string;
  assert.deepEqual(Uint8Array.fromBase64(inverted), bytes.map((byte) => 255 - byte));
  await assert.rejects(client.call("invert", ["no base64!"]), { name: "InvalidParams" });
  // None of it has cost a worker.
  assert.equal(server.stderr.includes("WorkerLost"), false);
});

const big = "[9007199254740993, -123456789012345678901234567890, 1e+300]";

Deno.test({
  ...skippedIf(
    noPython,
    "numbers that JavaScript cannot hold pass a server as they were written (P-65)",
  ),
}, async () => {
  await using home = await RpcHome.create();
  const example = await Deno.readTextFile(new URL("../../examples/tasks.py", import.meta.url));
  const more = 'def echo(value=2**63+1):\n    """It."""\n    return value\n\n';
  const changed = example.replace("procedures = {", `${more}procedures = {"echo": echo, `);
  assert.notEqual(changed, example);
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.py"), changed);
  await Deno.writeTextFile(join(home.workingDirectory, "odd.ts"), odd);
  const server = await home.serve(["127.0.0.1", "0", "--exec", `${python} tasks.py`]);

  // A client of another language: what it writes, and what it reads, are texts.
  const [host, port] = [server.host, server.port];
  const answers = await exchange(host, port, [
    `{"jsonrpc":"2.0","id":1,"method":"echo","params":[${big}]}`,
    `{"jsonrpc": "2.0", "id": 2, "params": {"value": ${big}}, "method": "echo"}`,
    `[{"jsonrpc":"2.0","id":3,"method":"echo","params":[{"a":${big}}]}]`,
  ]);
  const spaceless = big.replaceAll(" ", "");
  assert.equal(answers.length, 3);
  for (const answer of answers) assert.ok(answer.replaceAll(" ", "").includes(spaceless), answer);

  // The command line passes on what it was given.
  const call = await home.run(["call", "echo", big]);
  assert.equal(call.stdout, `${spaceless}\n`, call.stderr);
  const lines = await home.run(["call", "echo", "--input", "-"], {
    stdin: `12345678901234567890\n[${big}]\n{"value":1.0}\n`,
  });
  assert.deepEqual(lines.lines, ["12345678901234567890", spaceless, "1.0"], lines.stderr);

  // A program is told, and not handed another number.
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  await assert.rejects(client.call("echo"), {
    name: "InternalError",
    executed: "yes",
    message: /JavaScript cannot hold the number 9223372036854775809/,
  });
  assert.equal((await home.run(["call", "echo"])).stdout, "9223372036854775809\n");
  assert.equal(await client.call("echo", [2 ** 53]), 2 ** 53);
});

Deno.test("a program is told of a number that it could not hold, and never gets another one (P-65)", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "odd.ts"), odd);
  await home.serve(["127.0.0.1", "0", "odd.ts"]);
  for (const arg of ["9007199254740993", "1e999", `{"a":[-9007199254740993]}`]) {
    const { code, stderr } = await home.run(["call", "echo", arg]);
    assert.equal(code, 1);
    assert.match(stderr, /InvalidParams: .*must be a number that JavaScript can hold \(got /);
  }
  assert.equal((await home.run(["call", "echo", "[1.0, 1e3]"])).stdout, "[1,1000]\n");
});

/** Sends lines, and returns as many lines as come back. */
async function exchange(
  hostname: string,
  port: number,
  lines: readonly string[],
): Promise<string[]> {
  using connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  await connection.closeWrite();
  return (await new Response(connection.readable).text()).trimEnd().split("\n");
}
