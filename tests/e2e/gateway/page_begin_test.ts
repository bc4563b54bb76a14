import assert from "node:assert/strict";
import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { waitFor } from "../../support/wait_for.ts";
import { servePage } from "../../support/page_server.ts";

/** What the servers offer: one method of that name. */
const offer = (name: string) =>
  JSON.stringify({
    ...{ openrpc: "1.3.2", info: {} },
    methods: [{ name, paramStructure: "by-position", params: [] }],
  });

browserTest(
  "the page says what it waits for, is there before any server has answered, and shows the newest",
  async (executablePath) => {
    await using server = servePage();
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      const asked = Promise.withResolvers<() => void>();
      await page.route("**/metrics", (route) => asked.resolve(() => void route.continue()));
      // Asked of servers, of which none answers at first.
      const looks: ((body: string) => Promise<void>)[] = [];
      await page.route("**/openrpc.json", (route) => {
        looks.push((body) => route.fulfill({ contentType: "application/json", body }));
      });
      await page.goto(server.url, { waitUntil: "commit" });
      await page.getByText("Asking the gateway").waitFor();
      (await asked.promise)();
      await page.getByRole("heading", { name: "Servers" }).waitFor();
      await page.getByText("Asking the servers").waitFor();
      server.tell({ servers: [], methods: {}, version: "one", problem: "none is up" });
      await page.getByText("no server answers: none is up").waitFor();
      server.tell({ servers: [], methods: {}, version: "two" });
      await waitFor("the second look", () => looks.length === 2);
      await looks[1]?.(offer("newer"));
      await page.getByRole("button", { name: "newer" }).waitFor();
      await looks[0]?.(offer("older"));
      server.tell({ servers: [], methods: {}, version: "two", problem: "none is left" });
      await page.getByText("no server answers: none is left").waitFor();
      assert.equal(await page.getByRole("button", { name: "newer" }).count(), 1);
    } finally {
      await browser.close();
    }
  },
);

browserTest(
  "a stream is shown in a browser whose streams cannot be iterated",
  async (executablePath) => {
    await using server = servePage();
    const method = { name: "count", "x-stream": true, paramStructure: "by-position", params: [] };
    server.offered = JSON.stringify({ openrpc: "1.3.2", info: {}, methods: [method] });
    server.result = '{"item":1}\n{"item":"two"}\n{"end":{"items":2}}\n';
    server.tell({ servers: [], methods: {}, version: "one" });
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      // As in Safari.
      await page.addInitScript(
        "delete ReadableStream.prototype[Symbol.asyncIterator]; delete ReadableStream.prototype.values",
      );
      await page.goto(server.url);
      await page.getByRole("button", { name: "Call", exact: true }).press("Enter");
      await page.getByRole("region", { name: "Result" }).filter({ hasText: '1\n"two"' }).waitFor();
    } finally {
      await browser.close();
    }
  },
);

browserTest(
  "the page works under a path that a proxy takes off",
  async (executablePath) => {
    await using server = servePage();
    const params = [{ name: "n", required: true, schema: { type: "integer" } }];
    const description = "First line\r\nsecond line";
    const method = { name: "twice", paramStructure: "by-position", params, description };
    server.offered = JSON.stringify({ openrpc: "1.3.2", info: {}, methods: [method] });
    server.result = "42";
    server.tell({ servers: [], methods: {}, version: "one" });
    const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (!pathname.startsWith("/rpc/")) return new Response("elsewhere", { status: 404 });
      return fetch(new Request(server.url + pathname.slice("/rpc".length), request));
    });
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      const base = `http://127.0.0.1:${proxy.addr.port}/rpc/`;
      await page.goto(`${base}#token=good`);
      await page.getByText(/^First line\nsecond line/).waitFor();
      await page.getByLabel(/^n /).fill("21");
      await page.getByRole("button", { name: "Call", exact: true }).press("Enter");
      await page.getByRole("region", { name: "Result" }).filter({ hasText: "42" }).waitFor();
      assert.deepEqual(server.calls, ["[21]"]);
      assert.equal(page.url(), `${base}#/twice`);
    } finally {
      await browser.close();
      await proxy.shutdown();
    }
  },
);
