/** Computes until it is killed. It can be connected to, and does not notice. */

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`ready ${listener.addr.port}`);
while (true) Math.sqrt(Math.random());
