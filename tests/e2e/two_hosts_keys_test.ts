/**
 * Two hosts that share keys, a third one that has none, and who listens on the wire between them.
 */

import assert from "node:assert/strict";
import { Network, networkMissing } from "../support/network.ts";
import { python } from "../support/python.ts";
import { RpcHome, type RpcProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { startZooKeeper, zooKeeperAvailable, zooKeeperTest } from "../support/zookeeper_server.ts";
import { skippedIf } from "../support/skipped_if.ts";

const vm = "192.168.0.211";
const host = "192.168.0.100";
const stranger = "192.168.0.212";

/** Writes down every frame that a host sees, until it is killed. */
const sniffer = `
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print("listening", flush=True)
with open(sys.argv[1], "wb", 0) as file:
    while True:
        file.write(wire.recv(65535))
`;

/** A machine on the network, which finds servers by this ZooKeeper. */
class Machine implements AsyncDisposable {
  readonly #home: RpcHome;
  readonly #options: { readonly shell: string };

  private constructor(home: RpcHome, network: Network, address: string) {
    this.#home = home;
    this.#options = { shell: `set -- ${network.on(address).join(" ")} "$@";` };
  }

  static async create(network: Network, address: string, registry: string): Promise<Machine> {
    return new Machine(await RpcHome.create(registry), network, address);
  }

  run(args: readonly string[], stdin?: string) {
    return this.#home.run(args, { ...this.#options, ...(stdin === undefined ? {} : { stdin }) });
  }

  start(args: readonly string[]): RpcProcess {
    return this.#home.start(args, this.#options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#home[Symbol.asyncDispose]();
  }
}

/** What is sent last of all, in the clear. */
const farewell = "that was all";

/** Listens on a host's wire, and returns what came by. */
async function captured(network: Network, run: () => Promise<void>): Promise<string> {
  const file = await Deno.makeTempFile();
  const [command = "", ...args] = [...network.on(host), python ?? "python3", "-c", sniffer, file];
  const process = new Deno.Command(command, { args, stdout: "piped", stderr: "inherit" }).spawn();
  try {
    const reader = process.stdout.getReader();
    await reader.read();
    reader.releaseLock();
    await run();
    // Who listens may be behind.
    await waitFor("the last frame", async () => {
      const send = `echo ${farewell} >/dev/udp/${vm}/9`;
      const [program = "", ...words] = [...network.on(host), "bash", "-c", send];
      assert.ok(
        (await new Deno.Command(program, { args: words, stderr: "null" }).output()).success,
      );
      return (await Deno.readTextFile(file)).includes(farewell);
    }, { periodMs: 100 });
  } finally {
    process.kill("SIGKILL");
    await process.stdout.cancel();
    await process.status;
  }
  const bytes = await Deno.readFile(file);
  await Deno.remove(file);
  return new TextDecoder("latin1").decode(bytes);
}

const reason = zooKeeperAvailable().available
  ? networkMissing() ?? (python === undefined ? "there is no Python" : undefined)
  : undefined;

const test = reason === undefined
  ? zooKeeperTest
  : (name: string, fn: () => Promise<void>) => Deno.test({ ...skippedIf(reason, name), fn });

test("init on one host and join on another, and between them there is nothing to read", async () => {
  using network = new Network([vm, host, stranger]);
  await using zooKeeper = await startZooKeeper({
    host: { address: vm, command: network.on(vm) },
  });
  const registry = `zookeeper://${zooKeeper.connectString}`;
  await using server = await Machine.create(network, vm, registry);
  await using client = await Machine.create(network, host, registry);
  await using outsider = await Machine.create(network, stranger, registry);

  assert.equal((await server.run(["keys", "init", "--name", "vm"])).code, 0);
  const inviting = server.start(["keys", "invite", `${vm}:6665`]);
  const [token] = await inviting.line(/^rpc-join-\S+$/);
  const joined = await client.run(["keys", "join", `${vm}:6665`, "--name", "win-1"], `${token}\n`);
  assert.equal(joined.code, 0, joined.stderr);
  assert.equal(await inviting.ended(), 0);

  const serving = server.start(["serve", vm, "6666"]);
  await serving.line(/^ready 192\.168\.0\.211:6666 /);
  await serving.listed();
  const wire = await captured(network, async () => {
    const called = await client.run(["call", "fib", "27"]);
    assert.equal(called.stdout, "196418\n", called.stderr);
    const services = await client.run(["services", "--json"]);
    assert.deepEqual(JSON.parse(services.stdout).methods, ["fib", "pi", "ping"], services.stderr);
  });
  assert.ok(wire.includes("\x17\x03\x03"), "TLS went by");
  for (const clear of ['"jsonrpc"', '"method":', "rpc.hello", "196418", '"fib']) {
    assert.ok(!wire.includes(clear), `${clear} went by in the clear`);
  }

  const refused = await outsider.run(["call", "fib", "27"]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /Unauthenticated: .*192\.168\.0\.211:6666 \(it wants keys: rpc keys join\)/,
  );
});
