import assert from "node:assert/strict";
import { RpcHome, type RpcRunResult } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

function objects({ lines }: RpcRunResult): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line));
}

Deno.test("a single call prints its result, and nothing else", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  for (
    const [args, stdout] of [
      [["ping"], '"pong"\n'],
      [["ping", "7"], '"pong 7"\n'],
      [["fib", "--params", '{"n": 20}'], "6765\n"],
      [["fib", "--params", '{"n": {i}}'], "1\n"],
      [["fib", "--timeout", "60000", "--", "20"], "6765\n"],
    ] as const
  ) {
    const result = await home.run(["call", ...args]);
    assert.deepEqual([result.code, result.stdout, result.stderr], [0, stdout, ""], args.join(" "));
  }
});

Deno.test("--json prints an object for each call, failed ones too", async () => {
  await using home = await RpcHome.create();
  const { address } = await home.serve();
  const good = await home.run(["call", "ping", "{i}", "--repeat", "3", "--json"]);
  assert.equal(good.code, 0);
  assert.deepEqual(
    objects(good).map(({ ms, ...rest }) => ({ ...rest, ms: typeof ms })),
    [1, 2, 3].map((i) => ({ i, result: `pong ${i}`, server: address, ms: "number" })),
  );
  const bad = await home.run(["call", "fib", "{i}00", "--repeat", "2", "--json"]);
  assert.equal(bad.code, 1);
  for (const [index, { i, error, server }] of objects(bad).entries()) {
    assert.equal(i, index + 1);
    assert.equal(server, address);
    const { name, code, executed, message } = error as Record<string, unknown>;
    assert.deepEqual([name, code, executed], ["InvalidParams", -32602, "no"]);
    assert.match(String(message), /n must be/);
  }
});

Deno.test("of many calls some may fail: the rest is printed, and the exit code is 1", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  // The first is the largest index that there is.
  const result = await home.run(["call", "ping", "900719925474099{i}", "--repeat", "3"]);
  assert.equal(result.code, 1);
  assert.deepEqual(result.lines, ['"pong 9007199254740991"']);
  for (const i of [2, 3]) {
    assert.match(result.stderr, new RegExp(`^rpc: call ${i} ping\\(.*InvalidParams: `, "m"));
  }
  assert.match(result.stderr, /\b3 calls, 2 errors \(InvalidParams 2\)/);
});

Deno.test("--verbose tells server and time of each call", async () => {
  await using home = await RpcHome.create();
  const { address } = await home.serve();
  const { stdout, stderr } = await home.run(
    ["call", "ping", "{i}", "--repeat", "2", "--verbose"],
  );
  assert.equal(stdout, '"pong 1"\n"pong 2"\n');
  for (const i of [1, 2]) {
    assert.match(stderr, new RegExp(`^rpc: call ${i}: ${address}, [\\d.]+ ms$`, "m"));
  }
});

Deno.test("a reader that has seen enough ends the calls quietly", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const client = home.start(["call", "ping", "{i}", "--repeat", "100000000"]);
  await client.line(/^"pong 1"$/);
  client.closeStdout();
  const code = await client.ended();
  assert.doesNotMatch(client.stderr, /EPIPE|Broken pipe|^ +at /m);
  assert.ok(code === 0 || code === 141, `exit code ${code}`);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  signalTest(`${signal} prints the summary so far, and exits 130`, async () => {
    await using home = await RpcHome.create();
    const { address } = await home.serve();
    const client = home.start(["call", "ping", "--repeat", "100000000"]);
    await client.line(/pong/);
    client.signal(signal);
    assert.equal(await client.ended(), 130);
    assert.match(client.stderr, /\b\d+ calls?, 0 errors/);
    assert.match(client.stderr, new RegExp(address));
  });
}

signalTest("rpc servers lists who is there, and whether they answer", async () => {
  await using home = await RpcHome.create();
  const empty = await home.run(["servers"]);
  assert.deepEqual([empty.code, empty.stdout], [0, ""]);
  assert.match(empty.stderr, /^rpc: No server of service "rpc" .*start one: rpc serve/);

  const one = await home.serve(["--zone", "west", "--weight", "2"]);
  const other = await home.serve();
  const table = await home.run(["servers"]);
  assert.equal(table.code, 0);
  assert.match(table.lines[0] ?? "", /^address +.*weight/);
  for (const { address } of [one, other]) assert.match(table.stdout, new RegExp(address));

  const listed = objects(await home.run(["servers", "--json"]));
  assert.deepEqual(
    new Map(listed.map(({ address, weight, zone }) => [address, { weight, zone }])),
    new Map([
      [one.address, { weight: 2, zone: "west" }],
      [other.address, { weight: 1, zone: "" }],
    ]),
  );

  // One that hangs is listed, and said not to answer.
  other.process.signal("SIGSTOP");
  const hung = objects(await home.run(["servers", "--json", "--timeout", "300"]));
  assert.match(
    JSON.stringify(hung.find(({ address }) => address === other.address)),
    /no answer|"answers":false|problem/,
  );
  other.process.signal("SIGCONT");
});

signalTest("rpc servers --watch tells of servers as they come and go", async () => {
  await using home = await RpcHome.create();
  const one = await home.serve();
  const watch = home.start(["servers", "--watch", "--json"]);
  const tells = (address: string, event: RegExp) =>
    waitFor(
      () => `${event} of ${address}: ${watch.describe()}`,
      () => watch.lines.some((line) => line.includes(address) && event.test(line)),
    );
  await tells(one.address, /"here"/);
  const other = await home.serve();
  await tells(other.address, /"here"/);
  await one.stop();
  await tells(one.address, /"gone"/);
  watch.signal("SIGINT");
  assert.equal(await watch.ended(), 130);
});

Deno.test("rpc methods lists the procedures with their parameters", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const { code, stdout } = await home.run(["methods"]);
  assert.equal(code, 0);
  for (const form of [/fib\(n: integer\)/, /ping\(index\?: integer\)/, /pi\(n: integer\)/]) {
    assert.match(stdout, form);
  }
  const listed = objects(await home.run(["methods", "--json"]));
  assert.deepEqual(listed.map(({ name }) => name), ["fib", "pi", "ping"]);
});
