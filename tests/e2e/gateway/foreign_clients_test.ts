import assert from "node:assert/strict";
import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { noPython, python } from "../../support/python.ts";
import { RpcHome, type RpcServerProcess } from "../../support/rpc_process.ts";
import { skippedIf } from "../../support/skipped_if.ts";

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
  ...skippedIf(noPython, "Python's urllib calls through the gateway"),
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

/** How long a call may take: as long as a machine with much else to do needs. */
const timeoutMs = 300_000;

/**
 * So many calls may be under way by each client. A machine that is too slow for fifty a second
 * makes fewer: a gateway takes so many requests of a caller at a time.
 */
const underWayMax = 200;

/** How long servers are killed and rolled: a few times, or for a minute if the environment says. */
const killingMs = Deno.env.get("RPC_TEST_CHAOS") === "long" ? 60_000 : 2_000;

/** Kills a server, and rolls the next (ends it politely), in turns, always with one beside it. */
async function killAndRoll(home: RpcHome, servers: RpcServerProcess[]): Promise<void> {
  const untilMs = performance.now() + killingMs;
  for (let round = 0; round < 2 || performance.now() < untilMs; round++) {
    const [first, ...others] = servers as [RpcServerProcess, ...RpcServerProcess[]];
    if (round % 2 === 0) await first.kill();
    else await first.stop();
    servers = [...others, await home.serve()];
  }
}

/** What a client of somebody else's found: how many calls it made, and all that went wrong. */
interface Found {
  readonly calls: number;
  readonly wrong: readonly unknown[];
}

function assertNoneLost({ calls, wrong }: Found): void {
  assert.deepEqual(wrong, []);
  assert.ok(calls > 20, `${calls} calls`);
}

Deno.test("jayson's HTTP client and fetch lose no call at fifty a second while servers are killed and rolled", async () => {
  await using home = await RpcHome.create();
  const servers = await Promise.all([home.serve(), home.serve()]);
  const { call, url, token } = await startGateway(home);
  const jayson = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-prompt", "--quiet"],
      ...["--config", "bench/deno.json", "--node-modules-dir=none"],
      ...["tests/e2e/fixtures/jayson_http.mjs", url, token, "jayson"],
    ],
    cwd: new URL("../../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // A reason, where there is no status: what fails first is told as that, and no other test's.
  const statuses: Promise<number | string>[] = [];
  let ended = 0;
  const timer = setInterval(() => {
    if (statuses.length - ended >= underWayMax) return;
    statuses.push(
      call("fib", [15], { "rpc-timeout-ms": String(timeoutMs) }).then(async (answer) => {
        await answer.body?.cancel();
        return answer.status;
      }).catch(String).finally(() => ended++),
    );
  }, 20);
  const output = jayson.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  const read = async (isEnough: () => boolean) => {
    while (!isEnough()) {
      const { done, value } = await output.read();
      if (done) return;
      told += value;
    }
  };
  try {
    await read(() => told.includes("\n"));
    await killAndRoll(home, servers);
  } finally {
    clearInterval(timer);
    await jayson.stdin.close();
  }
  await read(() => false);
  await jayson.status;
  assertNoneLost(JSON.parse(told.replace("begun\n", "")));
  const all = await Promise.all(statuses);
  assertNoneLost({ calls: all.length, wrong: all.filter((status) => status !== 200) });
});

/** What a page does: calls by fetch and by a WebSocket, fifty times a second each, until told. */
const pageOfCalls = `(() => {
  const found = globalThis.found = {
    fetch: { calls: 0, wrong: [] }, socket: { calls: 0, wrong: [] },
  };
  const waiting = new Map();
  const pending = [];
  const socket = new WebSocket(location.origin.replace("http", "ws"));
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    if (result !== 610) found.socket.wrong.push(data);
    waiting.get(id)();
  };
  socket.onclose = ({ code }) => found.socket.wrong.push("closed: " + code);
  let ended = 0;
  const call = () => {
    if (pending.length - ended >= ${2 * underWayMax}) return;
    found.fetch.calls++;
    pending.push(
      fetch("/call/fib", {
        method: "POST", body: "[15]",
        headers: { "content-type": "application/json", "rpc-timeout-ms": "${timeoutMs}" },
      }).then(async (answer) => {
        if (await answer.text() !== "610\\n") found.fetch.wrong.push(answer.status);
      }, (error) => found.fetch.wrong.push(String(error))).finally(() => ended++),
    );
    if (socket.readyState !== WebSocket.OPEN) return;
    const id = ++found.socket.calls;
    pending.push(new Promise((resolve) => waiting.set(id, resolve)).finally(() => ended++));
    const meta = { timeoutMs: ${timeoutMs} };
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method: "fib", params: [15], meta }));
  };
  const timer = setInterval(call, 20);
  globalThis.end = async () => {
    clearInterval(timer);
    await Promise.all(pending);
    return found;
  };
})()`;

browserTest(
  "a browser's fetch and WebSocket lose no call while servers are killed and rolled",
  async (executablePath) => {
    await using home = await RpcHome.create();
    const servers = await Promise.all([home.serve(), home.serve()]);
    const { url, token } = await startGateway(home);
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      await page.goto(`${url}/healthz`);
      await page.context().addCookies([{
        ...{ name: `rpc_gateway_${new URL(url).port}`, value: token },
        ...{ url, httpOnly: true, sameSite: "Strict" },
      }]);
      await page.evaluate(pageOfCalls);
      await page.waitForFunction("found.socket.calls > 0");
      await killAndRoll(home, servers);
      const found = await page.evaluate("end()") as Record<string, Found>;
      for (const one of Object.values(found)) assertNoneLost(one);
    } finally {
      await browser.close();
    }
  },
);
