import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import {
  announceable,
  decodeInstance,
  encodeInstance,
  instanceJsonBytesMax,
} from "../../src/discovery/instance_json.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { overridden } from "../../src/discovery/override.ts";
import * as fc from "../support/fast_check.ts";
import { anInstance } from "./recorder.ts";

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

Deno.test("decodeInstance() gives back what encodeInstance() took", () => {
  const instance = anInstance({ host: "fe80::1" });
  assert.deepEqual(decodeInstance(bytesOf(encodeInstance(instance, "node")), "rpc"), {
    kind: "instance",
    instance,
  });
});

Deno.test("a server with keys is listed with its cluster, and with no port for who knows no keys", () => {
  for (const cluster of ["c", "c".repeat(64)]) {
    const instance = anInstance({ port: 443, cluster });
    const text = encodeInstance(instance, "node");
    assert.deepEqual(decodeInstance(bytesOf(text), "rpc"), { kind: "instance", instance });
    const { port, sslPort } = JSON.parse(text);
    assert.deepEqual([port, sslPort], [null, 443]);
  }
  const { port, sslPort } = JSON.parse(encodeInstance(anInstance({ port: 80 }), "node"));
  assert.deepEqual([port, sslPort], [80, null]);
  for (const cluster of ["", "c".repeat(65)]) {
    const text = encodeInstance(anInstance({ port: 443, cluster }), "node");
    const decoded = decodeInstance(bytesOf(text), "rpc");
    assert.ok(decoded.kind === "malformed");
    assert.match(decoded.reason, /^rpc\.tls\.cluster: /);
  }
});

Deno.test("an instance of somebody else's is taken with defaults, under its own id", () => {
  const foreign = { id: "theirs", address: "10.0.0.9", port: 80, tags: ["x"] };
  assert.deepEqual(decodeInstance(bytesOf(foreign), "web"), {
    kind: "instance",
    instance: {
      id: "theirs",
      service: "web",
      host: "10.0.0.9",
      port: 80,
      weight: 1,
      zone: "",
      version: "",
      methods: [],
      startedAtMs: 0,
    },
  });
});

Deno.test("members of ours that a newer version adds or an older one lacks do no harm", () => {
  const json = { id: "n", address: "h", port: 1, rpc: { weight: 3, colour: "blue" } };
  const decoded = decodeInstance(bytesOf(json), "rpc");
  assert.ok(decoded.kind === "instance");
  assert.equal(decoded.instance.weight, 3);
  assert.equal(decoded.instance.id, "n");
});

Deno.test("an instance that is to take no calls while there are others is listed", () => {
  const json = { id: "n", address: "h", port: 1, rpc: { weight: 0 } };
  const decoded = decodeInstance(bytesOf(json), "rpc");
  assert.ok(decoded.kind === "instance");
  assert.equal(decoded.instance.weight, 0);
});

Deno.test("a zero with a sign is a zero, so that what is read can be written and read again", () => {
  const text = '{"id":"n","address":"h","port":1,"registrationTimeUTC":-0,"rpc":{"weight":-0.0}}';
  const decoded = decodeInstance(new TextEncoder().encode(text), "rpc");
  assert.ok(decoded.kind === "instance");
  const { weight, startedAtMs } = decoded.instance;
  assert.deepEqual([weight, startedAtMs], [0, 0]);
});

Deno.test("an instance of a service whose name differs in case alone is another service's", () => {
  const other = { name: "Web", id: "n", address: "h", port: 1 };
  assert.deepEqual(decodeInstance(bytesOf(other), "web"), { kind: "disabled" });
  assert.equal(decodeInstance(bytesOf(other), "Web").kind, "instance");
  // Another program may have named it otherwise than the node that it stands in.
  assert.equal(decodeInstance(bytesOf({ ...other, name: "shop" }), "web").kind, "instance");
});

Deno.test("an instance that is switched off is told apart from a malformed one", () => {
  const off = { id: "n", address: "h", port: 1, enabled: false };
  assert.deepEqual(decodeInstance(bytesOf(off), "rpc"), { kind: "disabled" });
});

Deno.test("whatever else there is, is malformed, with the reason", () => {
  const sound = { id: "n", address: "h", port: 1 };
  const cases: [unknown, RegExp][] = [
    ["", /empty/],
    ["{", /JSON/],
    ["null", /object/],
    ["[]", /object/],
    [{ ...sound, address: "" }, /^address: /],
    [{ ...sound, address: 7 }, /^address: /],
    [{ ...sound, port: null }, /^port: /],
    [{ ...sound, port: 65_536 }, /^port: /],
    [{ ...sound, port: 1.5 }, /^port: /],
    [{ ...sound, id: undefined }, /^id: /],
    [{ ...sound, enabled: "yes" }, /^enabled: /],
    [{ ...sound, rpc: { weight: -1 } }, /^rpc\.weight: /],
    [{ ...sound, rpc: { methods: [1] } }, /^rpc\.methods\.0: /],
    [{ ...sound, padding: "x".repeat(instanceJsonBytesMax) }, /bytes, more than/],
  ];
  for (const [value, reason] of cases) {
    const decoded = decodeInstance(bytesOf(value), "rpc");
    assert.ok(decoded.kind === "malformed", JSON.stringify(value));
    assert.match(decoded.reason, reason);
  }
  const notUtf8 = decodeInstance(new Uint8Array([0x7b, 0xff, 0x7d]), "rpc");
  assert.equal(notUtf8.kind, "malformed");
});

Deno.test("decodeInstance() never throws, whatever the bytes", () => {
  // fast-check prints the seed of a failure itself.
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    decodeInstance(bytes, "rpc");
  }));
  fc.assert(fc.property(fc.json(), (text) => {
    decodeInstance(bytesOf(text), "rpc");
  }));
});

Deno.test("what is announced can be read: names that are too many or too long are left out", () => {
  const read = (instance = anInstance()) =>
    decodeInstance(bytesOf(encodeInstance(instance, crypto.randomUUID())), "rpc");
  const few = anInstance();
  assert.equal(announceable(few), few);
  const lists = [
    Array.from({ length: 10_001 }, (_, i) => `m${i}`),
    Array.from({ length: 3_000 }, (_, i) => `${i}`.padEnd(200, "x")),
    ["x".repeat(257)],
  ];
  for (const methods of lists) {
    const instance = anInstance({ methods });
    assert.equal(read(instance).kind, "malformed");
    assert.deepEqual(announceable(instance), { ...instance, methods: [] });
    assert.equal(read(announceable(instance)).kind, "instance");
  }
});

Deno.test("an instance about as long as is read can be read too when its weight is changed or it is drained", () => {
  const methods = Array.from({ length: 1_302 }, (_, i) => `${i}`.padEnd(198, "x"));
  const length = (instance: Instance) => bytesOf(encodeInstance(instance, "0".repeat(36))).length;
  const missing = instanceJsonBytesMax - length(anInstance({ methods: [...methods, ""] }));
  assert.ok(missing > 80 && missing < 257);
  for (let below = -2; below < 40; below++) {
    const instance = anInstance({ methods: [...methods, "y".repeat(missing - below)] });
    const announced = announceable(instance);
    for (const override of [{ drained: true }, { drained: false, weight: 1_000 / 3 }]) {
      const text = encodeInstance(overridden(announced, override), "0".repeat(36));
      assert.equal(decodeInstance(bytesOf(text), "rpc").kind, "instance", `${below} bytes below`);
    }
    if (below === 39) assert.equal(announced, instance);
  }
});

Deno.test("what nobody could read is not announced, and the reason is told", () => {
  const faults = [
    [{ zone: "z".repeat(257) }, /rpc\.zone: must be a text of 0 to 256/],
    [{ host: "h".repeat(256) }, /address: must be a text/],
    [{ host: "a b" }, /address: must be a host name or an IP address/],
    [{ port: 0 }, /port: must be a number from 1/],
    [{ weight: NaN }, /weight/],
  ] as const;
  for (const [fields, reason] of faults) {
    assert.throws(() => announceable(anInstance(fields)), (error) => {
      assert.ok(error instanceof RpcError && error.name === "InvalidParams");
      assert.match(error.message, /^Cannot announce the server: no client could read /);
      assert.match(error.message, reason);
      return true;
    });
  }
});

Deno.test("a host that is none is no instance, whatever a terminal would make of it", () => {
  const hosts = [
    "a\x1b[2J",
    "a b",
    "a\nb",
    "ho\u202est",
    "http://x/",
    "[::1]",
    "::1%a b",
    "%eth0",
    "",
  ];
  for (const address of hosts) {
    assert.equal(decodeInstance(bytesOf({ id: "x", address, port: 1 }), "rpc").kind, "malformed");
  }
  for (const address of ["10.0.0.1", "a-b.c_d", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"]) {
    assert.equal(decodeInstance(bytesOf({ id: "x", address, port: 1 }), "rpc").kind, "instance");
  }
});
