import assert from "node:assert/strict";
import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";

/** What a page tries, in the browser: the answer's text, or why there was none. */
const attempts = `async (url, token) => {
  const json = { "content-type": "application/json" };
  const bearer = { authorization: "Bearer " + token };
  const post = (headers, more = {}) =>
    fetch(url + "/call/ping", { method: "POST", headers, body: "[]", ...more })
      .then((answer) => answer.text(), (error) => "failed: " + error);
  const socket = (protocols) => new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"), protocols);
    socket.onopen = () => socket.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
    socket.onerror = () => resolve("failed");
  });
  return {
    withToken: await post({ ...json, ...bearer }),
    withoutToken: await post(json),
    simple: await post({ "content-type": "text/plain" }, { mode: "no-cors", credentials: "include" }),
    socket: await socket(["rpc", "bearer." + token]),
    socketWithoutToken: await socket(["rpc"]),
  };
}`;

browserTest(
  "no page of a stranger has a call run, not even one that knows the token, and one that was named has",
  async (executablePath) => {
    await using home = await RpcHome.create();
    await home.serve();
    await using stranger = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        new Response("<!doctype html><title>a page</title>", {
          headers: { "content-type": "text/html" },
        }),
    );
    const origin = `http://localhost:${stranger.addr.port}`;
    const gateway = await startGateway(home, ["--allow-origin", origin]);
    const { port } = new URL(gateway.url);
    const browser = await launchChromium(
      executablePath,
      "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1",
    );
    try {
      const tryFrom = async (page: string, url: string): Promise<Record<string, string>> => {
        const context = patient(await browser.newContext());
        try {
          const tab = await context.newPage();
          await tab.goto(page);
          return await tab.evaluate(
            `(${attempts})(${JSON.stringify(url)}, ${JSON.stringify(gateway.token)})`,
          );
        } finally {
          await context.close();
        }
      };
      const evil = await tryFrom(`http://evil.example:${stranger.addr.port}/`, gateway.url);
      for (const [what, text] of Object.entries(evil)) assert.doesNotMatch(text, /pong/, what);
      // A name that was made to lead to the gateway itself: the page is then of the same origin.
      const rebound = await tryFrom(
        `http://rebound.example:${port}/healthz`,
        `http://rebound.example:${port}`,
      );
      for (const [what, text] of Object.entries(rebound)) assert.doesNotMatch(text, /pong/, what);
      const counted = await (await gateway.fetch("/metrics")).text();
      assert.doesNotMatch(counted, /rpc_gateway_calls_total\{/);

      const named = await tryFrom(`${origin}/`, gateway.url);
      assert.equal(named.withToken, '"pong"\n');
      assert.match(named.socket ?? "", /"result":"pong"/);
      assert.doesNotMatch(`${named.withoutToken} ${named.socketWithoutToken}`, /pong/);
    } finally {
      await browser.close();
    }
  },
);
