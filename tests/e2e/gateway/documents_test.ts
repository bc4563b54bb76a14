import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";

Deno.test("behind a proxy the document names the address that the gateway was told", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const gateway = await startGateway(home, ["--public-url", "https://rpc.example.org/rpc/"]);
  const api = await (await gateway.fetch("/openapi.json")).json();
  assert.equal(api.servers[0].url, "https://rpc.example.org/rpc");
});

Deno.test("the gateway describes the servers' methods and counts its calls, for who has the token", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const gateway = await startGateway(home);
  const { methods } = await (await gateway.fetch("/openrpc.json")).json();
  assert.ok(methods.some(({ name }: { name: string }) => name === "fib"));
  const api = await (await gateway.fetch("/openapi.json")).json();
  assert.equal(api.servers[0].url, gateway.url);
  assert.deepEqual(Object.keys(api.paths).includes("/call/fib"), true);

  await (await gateway.call("ping")).body?.cancel();
  await (await gateway.call("fib", ["x"])).body?.cancel();
  await (await gateway.call('made"up')).body?.cancel();
  const page = await (await gateway.fetch("/metrics")).text();
  assert.match(page, /^rpc_gateway_calls_total\{method="ping"\} 1$/m);
  assert.match(page, /^rpc_gateway_errors_total\{method="fib",error="InvalidParams"\} 1$/m);
  assert.match(page, /^rpc_gateway_errors_total\{method="",error="MethodNotFound"\} 1$/m);
  assert.match(page, /^rpc_gateway_servers 1$/m);
  for (const path of ["/openrpc.json", "/openapi.json", "/metrics"]) {
    const refused = await fetch(gateway.url + path);
    assert.equal(refused.status, 401);
    assert.equal(refused.headers.get("www-authenticate"), "Bearer");
    await refused.body?.cancel();
  }
});
