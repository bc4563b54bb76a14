import assert from "node:assert/strict";
import { ListenerProbe } from "../../../src/keys/tls/listener_probe.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const lookMs = 5_000;

/** How long what has not come by the next look is waited for. */
const graceMs = 1_000;

/** A listener that accepts what it is told to, and the probe of it. */
function probed({ tcpBacklog = 16 } = {}) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog });
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const clock = new VirtualClock();
  let deafCount = 0;
  const probe = new ListenerProbe({
    addr: { host: hostname, port },
    clock,
    deaf: () => void deafCount++,
  });
  return {
    ...{ listener, clock, probe, address: { hostname, port } },
    deafCount: () => deafCount,
    [Symbol.dispose]() {
      probe.stop();
      listener.close();
    },
  };
}

Deno.test("a listener that takes its probe is left alone", async () => {
  using one = probed();
  const { listener, clock, probe, deafCount } = one;
  for (let round = 0; round < 3; round++) {
    clock.advance(lookMs);
    const connection = await listener.accept();
    probe.came();
    assert.equal(await connection.read(new Uint8Array(1)), null, "the probe ends its connection");
    connection.close();
    clock.advance(lookMs);
  }
  assert.equal(deafCount(), 0);
});

Deno.test("a listener that takes no connections is found out", async () => {
  using one = probed();
  const { clock, deafCount } = one;
  await waitFor("the listener to be found deaf", async () => {
    await clock.advanceAsync(lookMs);
    return deafCount() > 0;
  });
});

// To see it fail: let #look() in src/keys/tls/listener_probe.ts call deaf() itself.
Deno.test("one whose process was stopped from one look to the next is not", async () => {
  using one = probed();
  const { listener, clock, probe, deafCount } = one;
  clock.advance(lookMs);
  // All that is due at once, before the connection is accepted that has come meanwhile.
  clock.advance(lookMs);
  const connection = await listener.accept();
  probe.came();
  connection.close();
  await clock.advanceAsync(lookMs - 1);
  assert.equal(deafCount(), 0);
});

Deno.test({
  // Elsewhere a connection too many is refused, or there is room for more than was said.
  ...skippedIf(notLinux, "also one with so many waiting that no further one can connect"),
}, async () => {
  using one = probed({ tcpBacklog: 1 });
  const { clock, address, deafCount } = one;
  const waiting = [await Deno.connect(address), await Deno.connect(address)];
  try {
    await waitFor("the listener to be found deaf", async () => {
      await clock.advanceAsync(lookMs);
      return deafCount() > 0;
    });
  } finally {
    for (const connection of waiting) connection.close();
  }
});

Deno.test("an attempt to connect ends when it is given up, which else may take minutes", () => {
  const { connect } = Deno;
  const attempts: AbortSignal[] = [];
  try {
    Deno.connect = ((options: Deno.ConnectOptions) => {
      if (options.signal !== undefined) attempts.push(options.signal);
      return connect(options);
    }) as unknown as typeof Deno.connect;
    using one = probed();
    one.clock.advance(lookMs);
    assert.deepEqual(attempts.map(({ aborted }) => aborted), [false]);
    one.clock.advance(lookMs + graceMs);
    assert.deepEqual(attempts.map(({ aborted }) => aborted), [true]);
    one.clock.advance(lookMs);
    one.probe.stop();
    assert.deepEqual(attempts.map(({ aborted }) => aborted), [true, true]);
  } finally {
    Deno.connect = connect;
  }
});
