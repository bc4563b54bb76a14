import assert from "node:assert/strict";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

// To see it fail: leave socketsMax out in src/library/running/listen.ts.
signalTest(
  "a server with keys takes callers though strangers would have all file handles",
  async () => {
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
      await server.process.says(/Too few file handles: peers that are not known yet have to go/);
      await waitFor(() => `an answer, not ${server.stderr}`, async () => {
        return (await home.run(["call", "fib", "10", "--timeout", "10s"])).code === 0;
      });
    } finally {
      for (const socket of sockets) socket.close();
    }
  },
);
