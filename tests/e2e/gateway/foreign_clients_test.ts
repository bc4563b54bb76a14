import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { python } from "../../support/python.ts";
import { RpcHome } from "../../support/rpc_process.ts";

const program = `
import json, sys, urllib.request
url, token = sys.argv[1:]
headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"}
def ask(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))
print(ask("/call/fib", [20]), ask("/", {"jsonrpc": "2.0", "id": 7, "method": "fib", "params": [10]})["result"])
`;

Deno.test({
  name: "Python's urllib calls through the gateway",
  ignore: python === undefined,
  fn: async () => {
    await using home = await RpcHome.create();
    await home.serve();
    const { url, token } = await startGateway(home);
    const { stdout, stderr } = await new Deno.Command(python as string, {
      args: ["-c", program, url, token],
    }).output();
    assert.equal(
      new TextDecoder().decode(stdout).trim(),
      "6765 55",
      new TextDecoder().decode(stderr),
    );
  },
});

Deno.test("calls that may run twice lose none at fifty a second while servers are killed", async () => {
  await using home = await RpcHome.create();
  let servers = await Promise.all([home.serve(), home.serve()]);
  const { call } = await startGateway(home);
  const statuses: Promise<number>[] = [];
  let begun = 0;
  const timer = setInterval(() => {
    begun++;
    statuses.push(
      call("fib", [15]).then(async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      }),
    );
  }, 20);
  try {
    for (let round = 0; round < 3; round++) {
      const [first, second] = servers as [typeof servers[0], typeof servers[0]];
      await first.kill();
      servers = [second, await home.serve()];
    }
  } finally {
    clearInterval(timer);
  }
  const all = await Promise.all(statuses);
  assert.ok(begun > 20);
  assert.deepEqual(all.filter((status) => status !== 200), []);
});
