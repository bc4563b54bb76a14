import assert from "node:assert/strict";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

// To see it fail: let ListenerProbe in src/keys/tls/listener_probe.ts not call deaf().
signalTest("a server with keys that had no file handle takes connections again", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  const server = await home.serve([], { shell: "ulimit -n 64;" });
  assert.equal((await home.run(["call", "fib", "10"])).code, 0);
  const sockets: Deno.TcpConn[] = [];
  try {
    // More than it has handles for, whichever it uses otherwise.
    for (let i = 0; i < 80; i++) {
      sockets.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
    }
    await waitFor("the server to find it out", () => /Cannot accept conn/.test(server.stderr));
  } finally {
    for (const socket of sockets) socket.close();
  }
  await waitFor(() => `an answer, not ${server.stderr}`, async () => {
    return (await home.run(["call", "fib", "10", "--timeout", "10s"])).code === 0;
  });
});
