/** Answers every request with what the gateway answers a `ping` with, and does nothing else. */

import { alwaysTold } from "../../src/gateway/door/reply.ts";

const headers = {
  "content-type": "application/json",
  "rpc-server": "127.0.0.1:12345",
  ...alwaysTold,
};

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  async (request) => {
    await request.text();
    return new Response('"pong"\n', { headers });
  },
);
console.log(`ready ${server.addr.port}`);
