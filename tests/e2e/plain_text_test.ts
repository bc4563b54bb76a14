import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcHome } from "../support/rpc_process.ts";

/** All that a terminal would obey, or hide. */
const evil = "a\x1b[2J\x1b]0;title\x07\x9b31m\r\nforged line\u202eb\x7f\b";

// deno-lint-ignore no-control-regex
const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

const document = {
  openrpc: "1.3.2",
  info: { title: evil, version: evil },
  methods: [
    {
      name: `m${evil}`,
      summary: evil,
      description: `${evil}\nsecond line`,
      params: [{
        name: `p${evil}`,
        required: true,
        schema: { type: "string", pattern: evil, description: evil, default: evil },
      }],
      result: { name: "r", schema: { const: evil } },
    },
    {
      name: "long",
      params: [
        { name: "text", required: true, schema: { type: "string", minLength: 3e8 } },
        { name: "n".repeat(300_000), schema: nestedArrays(40) },
        ...Array.from({ length: 3_000 }, (_, i) => ({ name: `p${i}`, schema: true })),
      ],
    },
    ...Array.from({ length: 2_000 }, (_, i) => ({ name: `other${i}` })),
  ],
};

function nestedArrays(levels: number): unknown {
  return {
    type: "array",
    minItems: 3,
    ...(levels === 0 ? {} : { items: nestedArrays(levels - 1) }),
  };
}

/** What the server says when it fails. */
const messageOf = (method: string) => isEndless.test(method) ? "m".repeat(1_000_000) : evil;
const isEndless = /^(endless|rpc\.override)$/;

/** A server that says what it likes, in each of its answers. */
function hostileServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (connection: Deno.TcpConn) => {
    const lines = connection.readable.pipeThrough(new TextDecoderStream());
    let text = "";
    for await (const chunk of lines) {
      text += chunk;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n")) {
        const { id, method } = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        const answer = method === "rpc.discover"
          ? { result: document }
          : method === "good"
          ? { result: { [evil]: [evil] } }
          : { error: { code: -32603, message: messageOf(method), data: { executed: "yes" } } };
        const line = `${JSON.stringify({ jsonrpc: "2.0", id, ...answer })}\n`;
        await connection.write(new TextEncoder().encode(line));
      }
    }
  };
  void (async () => {
    for await (const connection of listener) void serve(connection).catch(() => {});
  })().catch(() => {});
  return listener;
}

/**
 * Registers an instance that says what it likes of itself, for as long as the result is not
 * disposed of.
 */
async function registerHostile(home: RpcHome, port: number): Promise<Disposable> {
  const directory = join(home.registry.slice("local:".length), "rpc");
  await Deno.mkdir(directory, { recursive: true });
  const id = crypto.randomUUID();
  const lock = await Deno.open(join(directory, `${id}.lock`), { createNew: true, write: true });
  await lock.lock(true);
  const instance = {
    id: evil,
    address: "127.0.0.1",
    port,
    registrationTimeUTC: 1e300,
    rpc: { zone: evil, version: evil, methods: [evil] },
  };
  await Deno.writeTextFile(join(directory, `${id}.json`), JSON.stringify(instance));
  return lock;
}

Deno.test("nothing that a server or a registry says reaches the terminal as more than text", async () => {
  await using home = await RpcHome.create();
  using server = hostileServer();
  using _registration = await registerHostile(home, (server.addr as Deno.NetAddr).port);
  const commands = [
    ["servers"],
    ["servers", "--json"],
    ["methods"],
    ["methods", "--json"],
    ["methods", `m${evil}`],
    ["methods", "long"],
    ["methods", "other0"],
    ["methods", evil],
    ["call", "other0"],
    ["call", "other0", "--verbose"],
    ["call", "other0", "--json"],
    ["call", "other0", "--repeat", "3"],
    ["call", "other0", "--input", "-"],
    ["call", "good"],
    ["call", "good", "--json"],
    ["call", "good", "--repeat", "2", "--report"],
    ["call", "good", "--repeat", "2", "--html", `/nowhere/${evil}`],
    ["call", `--${evil}`],
    ["serve", evil, "0"],
  ];
  for (const command of commands) {
    const { stdout, stderr } = await home.run(command, { stdin: "[1]\n[2]\n" });
    const text = stdout + stderr;
    assert.ok(text.length > 0 && text.length < 3_000_000, `${command} printed ${text.length}`);
    assert.doesNotMatch(text, obeyed, `${command}: ${JSON.stringify(text.slice(0, 2_000))}`);
    assert.doesNotMatch(text, /^forged/m, command.join(" "));
  }
  const watch = home.start(["servers", "--watch"]);
  const [line] = await watch.line(/^\+ .*/);
  assert.match(line, /no answer: a\\u001b\[2J/);
  await watch.kill();
});

Deno.test("people are told the beginning of a long error, and programs all of it", async () => {
  await using home = await RpcHome.create();
  using server = hostileServer();
  const address = `127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  const registry = `static:${address}`;
  const call = ["call", "endless", "--registry", registry];
  const drain = ["servers", "drain", address, "--registry", registry];
  const calls = [[], ["--verbose"], ["--each"], ["--repeat", "2"]].map((flags) => [
    ...call,
    ...flags,
  ]);
  for (const command of [...calls, drain]) {
    const { stdout, stderr } = await home.run(command);
    assert.match(stdout + stderr, /mmm\.\.\. \(and 99\d{4} more characters\)/, command.join(" "));
    assert.ok((stdout + stderr).length < 30_000, command.join(" "));
  }
  const { stdout } = await home.run([...call, "--json"]);
  assert.equal(JSON.parse(stdout).error.message.length, 1_000_000);
});
