import assert from "node:assert/strict";
import { notLinux } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { waitFor } from "../support/wait_for.ts";

// To see it fail: leave socketsMax out in src/library/running/listen.ts.
Deno.test({
  ...skippedIf(
    notLinux,
    "a server with keys takes callers though strangers would have all file handles",
  ),
  async fn() {
    await using home = await RpcHome.create();
    await home.run(["keys", "init", "--name", "alpha"]);
    const server = await home.serve([], { shell: "ulimit -n 64;" });
    assert.equal((await home.run(["call", "fib", "10"])).code, 0);
    const sockets: Deno.TcpConn[] = [];
    try {
      // More than it has handles for, whichever it uses otherwise.
      for (let i = 0; i < 80; i++) {
        // Nobody may listen for a moment.
        const address = { hostname: "127.0.0.1", port: server.port };
        const socket = await Deno.connect(address).catch(() => undefined);
        if (socket !== undefined) sockets.push(socket);
      }
      await server.process.says(/Too few file handles: peers that are not known yet have to go/);
      await waitFor(() => `an answer, not ${server.stderr}`, async () => {
        return (await home.run(["call", "fib", "10", "--timeout", "10s"])).code === 0;
      });
    } finally {
      for (const socket of sockets) socket.close();
    }
  },
});
