/** Answers every request with what the gateway answers a `ping` with, and does nothing else. */

const server = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen() {} },
  async (request) => {
    await request.text();
    return new Response('"pong"\n', {
      headers: {
        "content-type": "application/json",
        "rpc-server": "127.0.0.1:12345",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
      },
    });
  },
);
console.log(`ready ${server.addr.port}`);
