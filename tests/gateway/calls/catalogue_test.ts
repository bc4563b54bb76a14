import assert from "node:assert/strict";
import type { Client } from "../../../src/client/client.ts";
import type { Transport } from "../../../src/client/transport.ts";
import { Catalogue } from "../../../src/gateway/calls/catalogue.ts";
import { gatewayCatalogueMs, gatewayCatalogueWaitMs } from "../../../src/gateway/limits.ts";
import { FakeDiscovery } from "../../support/fake_discovery.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/** What a server says of itself that offers one method. */
const documentOf = (name: string) => ({
  openrpc: "1.3.2",
  info: { title: "rpc", version: "1" },
  methods: [{ name, params: [], result: { name: "result", schema: {} } }],
});

/** A catalogue of servers that answer when a test lets them. */
function catalogueWith() {
  const clock = new VirtualClock();
  const discovery = new FakeDiscovery();
  discovery.push([]);
  const asked: PromiseWithResolvers<unknown>[] = [];
  const call = () => {
    const answer = Promise.withResolvers<unknown>();
    asked.push(answer);
    return answer.promise;
  };
  const catalogue = new Catalogue({
    ...{ clock, discovery, service: "rpc", signal: new AbortController().signal },
    client: { call } as unknown as Client,
    transport: {} as Transport,
  });
  const names = async () => (await catalogue.document()).methods.map(({ name }) => name);
  return { clock, asked, names, catalogue };
}

/** The same, which was told a method so long ago that it asks again. */
async function catalogueThatKnew(name: string) {
  const rig = catalogueWith();
  const first = rig.names();
  rig.asked[0]?.resolve(documentOf(name));
  assert.deepEqual(await first, [name]);
  await rig.clock.advanceAsync(gatewayCatalogueMs + 1);
  return rig;
}

Deno.test("who asks beside a server that hangs gets the methods known, and later those it has now", async () => {
  const { clock, asked, names } = await catalogueThatKnew("old");
  const meanwhile = names();
  await clock.advanceAsync(gatewayCatalogueWaitMs);
  assert.deepEqual(await meanwhile, ["old"]);
  assert.equal(asked.length, 2);
  asked[1]?.resolve(documentOf("new"));
  await settled();
  assert.deepEqual(await names(), ["new"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("who asks beside servers that answer gets what they say now", async () => {
  const { asked, names } = await catalogueThatKnew("old");
  const second = names();
  asked[1]?.resolve(documentOf("new"));
  assert.deepEqual(await second, ["new"]);
});

Deno.test("methods are forgotten once no server tells any", async () => {
  const { clock, asked, names } = await catalogueThatKnew("old");
  const second = names();
  asked[1]?.reject(new Error("no server"));
  await assert.rejects(second, /no server/);
  const third = names();
  await waitFor("the next question", () => asked.length === 3);
  await clock.advanceAsync(gatewayCatalogueWaitMs);
  asked[2]?.reject(new Error("still none"));
  await assert.rejects(third, /still none/);
});

Deno.test("what servers said just now is there without a timer, until they have to be asked again", async () => {
  const { clock, asked, catalogue, names } = catalogueWith();
  const first = names();
  asked[0]?.resolve(documentOf("one"));
  assert.deepEqual(await first, ["one"]);
  const [one, other] = [catalogue.document(), catalogue.document()];
  assert.equal(clock.pendingTimers, 0);
  assert.equal(await one, await other);
  assert.equal(asked.length, 1);
  await clock.advanceAsync(gatewayCatalogueMs + 1);
  const second = names();
  assert.equal(asked.length, 2);
  asked[1]?.reject(new Error("no server"));
  await assert.rejects(second, /no server/);
  const third = names();
  asked[2]?.resolve(documentOf("two"));
  assert.deepEqual(await third, ["two"]);
});
