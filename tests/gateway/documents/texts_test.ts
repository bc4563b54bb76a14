import assert from "node:assert/strict";
import { DocumentTexts } from "../../../src/gateway/documents/texts.ts";
import type { OpenRpcDocument } from "../../../src/procedures/openrpc.ts";

/** What servers say of themselves, and how often it was made a text. */
function counted(title: string) {
  const made = { times: 0 };
  const info = {
    title,
    version: "1",
    toJSON() {
      made.times++;
      return { title, version: "1" };
    },
  };
  const document = { openrpc: "1.3.2", info, methods: [] } as unknown as OpenRpcDocument;
  return { document, made };
}

Deno.test("a document is made a text once for all who ask, and anew once it is another one", () => {
  const texts = new DocumentTexts();
  const { document, made } = counted("one");
  const first = texts.openRpc(document);
  assert.equal(JSON.parse(first).info.title, "one");
  assert.equal(texts.openRpc(document), first);
  assert.equal(made.times, 1);
  assert.equal(JSON.parse(texts.openRpc(counted("two").document)).info.title, "two");
});

Deno.test("the OpenAPI document names the origin at which it was asked for", () => {
  const texts = new DocumentTexts();
  const { document } = counted("one");
  for (const origin of ["http://a:1", "http://a:1", "https://b:2"]) {
    assert.deepEqual(JSON.parse(texts.openApi(document, origin)).servers, [{ url: origin }]);
  }
  assert.equal(JSON.parse(texts.openRpc(document)).openrpc, "1.3.2");
});
