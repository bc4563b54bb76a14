/**
 * The limit of a gateway that is flooded: each request is answered as a `ping`, each message of a
 * WebSocket by 30 KB as long as its peer reads, and nothing else is done.
 */

import { alwaysTold } from "../../src/gateway/door/reply.ts";

const headers = { "content-type": "application/json", ...alwaysTold };
const text = "x".repeat(30_000);

/** Peers that read nothing would take all memory. */
const unreadBytesMax = 1024 * 1024;

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  async (request) => {
    if (request.headers.get("upgrade") === "websocket") return upgraded(request);
    await request.text();
    return new Response('"pong 1"\n', { headers });
  },
);
console.log(`ready ${server.addr.port}`);

function upgraded(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.addEventListener("message", () => {
    if (socket.bufferedAmount < unreadBytesMax) socket.send(text);
  });
  socket.addEventListener("error", () => {});
  return response;
}
