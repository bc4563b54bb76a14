import assert from "node:assert/strict";
import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { servePage } from "../../support/page_server.ts";

const methods = Array.from({ length: 300 }, (_, index) => ({
  name: `group.method${index}`,
  paramStructure: "by-position",
  params: [],
}));

/** What there is to be seen at a look, all of it another than at the look before. */
function viewOf(look: number, servers: number) {
  return {
    version: "one",
    servers: Array.from({ length: servers }, (_, index) => ({
      ...{ id: `s${index}`, address: `10.0.${index >> 8}.${index & 255}:9000`, state: "ready" },
      ...{ version: "1", zone: "", weight: 1, busy: look, size: 9, rate: look + index },
      p99Ms: look,
    })),
    methods: Object.fromEntries(methods.map(({ name }) => [
      name,
      { calls: look, errors: 0, rate: look, p50Ms: look, p99Ms: look },
    ])),
  };
}

/** Counts what is changed of the page, and the rows that are added to the table at once. */
const count = `
  globalThis.changes = 0;
  globalThis.rowsAtOnce = 0;
  new MutationObserver((records) => {
    changes += records.length;
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]);
    rowsAtOnce = Math.max(rowsAtOnce, added.filter(({ nodeName }) => nodeName === "TR").length);
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
`;

browserTest(
  "a look at 500 servers and 300 methods changes no more of the page than what is in view",
  async (executablePath) => {
    await using server = servePage();
    server.offered = JSON.stringify({ openrpc: "1.3.2", info: {}, methods });
    server.tell(viewOf(1, 500));
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage({ viewport: { width: 1280, height: 900 } }));
      await page.addInitScript(count);
      await page.goto(server.url);
      await page.locator("tbody tr").nth(499).waitFor({ state: "attached" });
      await page.locator(".method").nth(299).waitFor({ state: "attached" });
      await page.getByText("1/9").first().waitFor();
      await page.getByText("1/s").first().waitFor();
      // The first of them too, which are made a part at a time.
      const rowsAtOnce = await page.evaluate("rowsAtOnce") as number;
      assert.ok(rowsAtOnce <= 100, `${rowsAtOnce} rows at once`);
      const changesBy = async (look: number) => {
        await page.evaluate("changes = 0");
        server.tell(viewOf(look, 500));
        await page.getByText(`${look}/9`).first().waitFor();
        await page.getByText(`p50 ${look}.0`).first().waitFor();
        return await page.evaluate("changes") as number;
      };
      for (const look of [2, 3]) {
        const changes = await changesBy(look);
        assert.ok(changes < 300, `${changes} changes`);
      }
      // What comes into view is as it is now.
      await page.locator("tbody tr").nth(499).scrollIntoViewIfNeeded();
      await page.getByRole("row", { name: /^10\.0\.1\.243:9000 ready 1 - 1 3\/9 502 3\.0 ms/ })
        .waitFor();
      await page.locator(".method").nth(299).scrollIntoViewIfNeeded();
      await page.locator(".method").nth(299).getByText("p50 3.0").waitFor();
      assert.ok((await changesBy(4)) < 300);
      // What the keyboard is on stays, whatever else is offered.
      const last = page.getByRole("button", { name: "group.method299", exact: true });
      await last.focus();
      server.offered = JSON.stringify({ openrpc: "1.3.2", info: {}, methods: methods.slice(100) });
      server.tell({ ...viewOf(5, 500), version: "two" });
      await page.getByRole("button", { name: "group.method99", exact: true })
        .waitFor({ state: "detached" });
      assert.equal(await page.locator(".method").count(), 200);
      assert.equal(await page.evaluate("document.activeElement.textContent"), "group.method299");
    } finally {
      await browser.close();
    }
  },
);
