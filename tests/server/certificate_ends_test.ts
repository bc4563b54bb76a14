import assert from "node:assert/strict";
import { certificateGraceMs } from "../../src/base/limits.ts";
import type { RpcError } from "../../src/base/errors.ts";
import { CertificateEnds } from "../../src/server/certificate_ends.ts";
import type { Gate } from "../../src/server/gate.ts";
import type { Session } from "../../src/server/session/session.ts";

const validToMs = 1_000_000;
const session = {} as Session;

/** One caller of a cluster, and what it is refused by. */
function setUp(caller: { validToMs?: number; cluster?: string } = { validToMs, cluster: "c" }) {
  const refused: string[] = [];
  const ended: string[] = [];
  const ends = new CertificateEnds((from, { message }) => refused.push(`${from}: ${message}`));
  const gate = { end: (refusal: RpcError) => void ended.push(refusal.name) } as Gate;
  ends.add(session, "10.0.0.1:1", {
    name: "alice",
    rights: { read: true, call: [], serve: false, admin: false },
    ...caller,
  }, gate);
  return { ends, refused, ended };
}

Deno.test("a certificate is good until it ends, and a little longer, and then its caller is told once why", () => {
  const { ends, refused, ended } = setUp();
  const endMs = validToMs + certificateGraceMs;
  assert.equal(ends.farewellOf(session, endMs, "c"), undefined);
  assert.deepEqual([refused, ended], [[], []]);
  const farewell = ends.farewellOf(session, endMs + 1, "c");
  assert.match(farewell ?? "", /"id":null.*expired/);
  // Whatever the clock says later, and however often it is asked.
  assert.equal(ends.farewellOf(session, 0, "c"), farewell);
  assert.deepEqual([refused.length, ended], [1, ["Unauthenticated"]]);
  assert.match(refused[0] ?? "", /^10\.0\.0\.1:1: .*alice/);
});

Deno.test("a certificate of another cluster is of no use, and one is of use where no cluster is known", () => {
  const { ends, refused } = setUp();
  assert.equal(ends.farewellOf(session, 0, undefined), undefined);
  assert.equal(ends.farewellOf(session, 0, "c"), undefined);
  assert.match(ends.farewellOf(session, 0, "d") ?? "", /"id":null/);
  assert.equal(refused.length, 1);
});

Deno.test("who has no certificate, or has gone, is not looked after", () => {
  assert.equal(setUp({}).ends.farewellOf(session, Infinity, "d"), undefined);
  const { ends, refused } = setUp();
  ends.delete(session);
  assert.equal(ends.farewellOf(session, Infinity, "d"), undefined);
  assert.deepEqual(refused, []);
});
