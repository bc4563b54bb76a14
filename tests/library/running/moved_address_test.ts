import assert from "node:assert/strict";
import type { OwnAddress } from "../../../src/library/running/advertise.ts";
import { followAddress } from "../../../src/library/running/moved_address.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const lookMs = 5_000;
const container: OwnAddress = { name: "docker0", address: "172.17.0.1", family: "IPv4" };
const wire = (address: string, family = "IPv4"): OwnAddress => ({
  ...{ name: "eth0", address, family },
});

/** A machine whose announced address is the first of `own`, and where it is said to have moved. */
function machine(...own: OwnAddress[]) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const interfaces = () => {
    if (own.length === 0) throw new Error("Too many open files");
    return own;
  };
  const host = own[0]?.address ?? "";
  const timer = followAddress({ host, interfaces, clock, moved: (host) => void told.push(host) });
  const has = (...now: OwnAddress[]) => {
    own = now;
    clock.advance(lookMs);
    return told.splice(0);
  };
  return { has, timer, clock };
}

Deno.test("a machine with another address at the same interface has moved, each time once", () => {
  const { has } = machine(wire("192.168.0.211"), container);
  assert.deepEqual(has(wire("192.168.0.211"), container), []);
  assert.deepEqual(has(container, wire("192.168.0.212")), ["192.168.0.212"]);
  assert.deepEqual(has(container, wire("192.168.0.212")), []);
  assert.deepEqual(has(wire("192.168.0.211"), container), ["192.168.0.211"]);
});

Deno.test("a machine that still has its address has not moved, whatever else it has", () => {
  const { has } = machine(wire("192.168.0.211"));
  assert.deepEqual(has(wire("192.168.0.212"), wire("192.168.0.211")), []);
});

Deno.test("a machine whose network is down has not moved to its other interfaces", () => {
  const { has } = machine(wire("192.168.0.211"), container);
  const left = [
    container,
    wire("169.254.3.4"),
    wire("fe80::1", "IPv6"),
    wire("2001:db8::7", "IPv6"),
  ];
  assert.deepEqual(has(...left), []);
  assert.deepEqual(has(...left, wire("192.168.0.212")), ["192.168.0.212"]);
});

Deno.test("addresses that cannot be read are read again", () => {
  const { has, timer, clock } = machine(wire("192.168.0.211"));
  assert.deepEqual(has(), []);
  assert.deepEqual(has(wire("192.168.0.212")), ["192.168.0.212"]);
  timer.cancel();
  assert.equal(clock.pendingTimers, 0);
});
