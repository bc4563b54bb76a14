import assert from "node:assert/strict";
import { connect } from "node:net";
import { callerAddress } from "../../../src/base/names/site.ts";
import { Callers } from "../../../src/server/bounds/callers.ts";
import { serverTest } from "../fixtures/harness.ts";

Deno.test("an address stands for a caller, and on this machine each connection", () => {
  assert.equal(callerAddress("192.168.0.7:1234"), "192.168.0.7");
  assert.equal(callerAddress("::ffff:192.168.0.7:1234"), "192.168.0.7");
  assert.equal(callerAddress("[2001:db8:1:2:3:4:5:6]:1234"), "2001:db8:1:2");
  assert.equal(callerAddress("2001:db8:1:2::6:1234"), "2001:db8:1:2");
  assert.equal(callerAddress("2001:db8::6:1234"), "2001:db8:0:0");
  assert.equal(callerAddress("fe80::1%eth0:1234"), "fe80:0:0:0");
  for (const own of ["127.0.0.1:1", "127.8.8.8:1", "::1:1", "[::1]:1", "::ffff:127.0.0.1:1"]) {
    assert.equal(callerAddress(own), undefined, own);
  }
});

Deno.test("connections of one address are counted together, for as long as they are open", () => {
  const callers = new Callers();
  const first = callers.enter("10.0.0.1:1");
  const second = callers.enter("10.0.0.1:2");
  assert.equal(first, second);
  assert.equal(first.connections, 2);
  assert.notEqual(callers.enter("10.0.0.2:1"), first);
  assert.notEqual(callers.enter("10.0.0.3:1").owner, first.owner);
  callers.leave("10.0.0.1:1", first);
  callers.leave("10.0.0.1:2", second);
  assert.equal(callers.enter("10.0.0.1:3").connections, 1);
  const [own, other] = [callers.enter("127.0.0.1:1"), callers.enter("127.0.0.1:2")];
  assert.notEqual(own, other);
  // What they take together is taken of one machine.
  assert.equal(own.owner, other.owner);
});

/** An address of this machine that other machines see, if it has one. */
const outer = Deno.networkInterfaces().find(({ family, address }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

if (outer !== undefined) {
  serverTest(
    "one address has at most its share of the connections, and is told so (P-45)",
    async (harness) => {
      const server = harness.listen({ host: "0.0.0.0", connectionsMax: 8 });
      const { port } = server.address;
      const open = () => {
        const socket = connect({ host: outer, port, localAddress: outer });
        harness.onClose(() => Promise.resolve(void socket.destroy()));
        return new Promise<string>((resolve, reject) => {
          socket.once("data", (bytes) => resolve(String(bytes)));
          socket.once("error", reject);
          socket.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
        });
      };
      for (let i = 0; i < 2; i++) assert.match(await open(), /"result":"pong"/);
      assert.match(await open(), /"code":-32002,"message":".*2 of this address are open already"/);
      assert.equal((await (await harness.connect(server)).call(1, "ping")).result, "pong");
    },
  );
}
