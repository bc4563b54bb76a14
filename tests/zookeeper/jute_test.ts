import assert from "node:assert/strict";
import { isZooKeeperError } from "../../src/zookeeper/errors.ts";
import { framePrefixBytes, JuteReader, JuteWriter } from "../../src/zookeeper/jute.ts";

const malformed = (error: unknown) => isZooKeeperError(error, "MARSHALLING_ERROR");

function reader(...bytes: number[]): JuteReader {
  return new JuteReader(Uint8Array.from(bytes));
}

Deno.test("JuteWriter writes big-endian values behind the length of the frame", () => {
  const frame = new JuteWriter().int(-2).long(258n).bool(true).buffer(Uint8Array.of(7)).string("é")
    .frame();
  assert.deepEqual(
    [...frame],
    [
      ...[0, 0, 0, 24, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 1, 2, 1],
      ...[0, 0, 0, 1, 7, 0, 0, 0, 2, 0xc3, 0xa9],
    ],
  );
});

Deno.test("JuteReader reads back what JuteWriter wrote, also past its first allocation", () => {
  const data = new Uint8Array(5_000).map((_, index) => index);
  const names = Array.from({ length: 300 }, (_, index) => `näme-${index}`);
  const frame = new JuteWriter().buffer(data).list(names, (w, name) => w.string(name))
    .long(-(2n ** 63n)).bool(false).frame();
  const body = new JuteReader(frame.subarray(framePrefixBytes));
  assert.deepEqual(body.buffer(), data);
  assert.deepEqual(body.strings(), names);
  assert.equal(body.long(), -(2n ** 63n));
  assert.equal(body.bool(), false);
  assert.equal(body.remaining, 0);
});

Deno.test("JuteReader reads null as empty", () => {
  assert.equal(reader(0xff, 0xff, 0xff, 0xff).buffer().length, 0);
  assert.equal(reader(0xff, 0xff, 0xff, 0xff).string(), "");
  assert.deepEqual(reader(0xff, 0xff, 0xff, 0xff).strings(), []);
});

Deno.test("JuteReader refuses what ends too soon", () => {
  assert.throws(() => reader(0, 0, 1).int(), malformed);
  assert.throws(() => reader(0, 0, 0, 0, 0, 0, 0).long(), malformed);
  assert.throws(() => reader().bool(), malformed);
  assert.throws(() => reader(0, 0, 0, 3, 1, 2).buffer(), malformed);
});

Deno.test("JuteReader refuses lengths that cannot be before it allocates for them", () => {
  assert.throws(() => reader(0x7f, 0xff, 0xff, 0xff).buffer(), malformed);
  assert.throws(() => reader(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0).strings(), malformed);
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xfe).string(), malformed);
});
