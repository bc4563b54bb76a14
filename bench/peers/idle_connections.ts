/** Opens many connections, says `ready <how many>`, and holds them without a word. */

const { port, count } = JSON.parse(Deno.args[0] ?? "");
const connections: Deno.Conn[] = [];
for (let i = 0; i < count; i++) {
  connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
}
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
console.log(`ready ${connections.length}`);
for (const connection of connections) {
  void connection.read(new Uint8Array(1)).then((read) => {
    if (read === null) throw new Error("The server closed a connection");
  });
}
