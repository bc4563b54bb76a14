import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { browserTest } from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";

const markup = "<img src=x onerror=document.title='owned'>";

const methods = Array.from({ length: 300 }, (_, index) => ({
  name: `group.method${index}`,
  description: markup,
  paramStructure: "by-position",
  params: [{ name: "n", required: true, schema: { type: "integer", default: index } }],
  result: { name: "result", schema: true },
}));

/** What the gateway would tell of that many servers, as one event. */
function eventOf(servers: number): string {
  const view = {
    servers: Array.from({ length: servers }, (_, index) => ({
      ...{ id: `s${index}`, address: `10.0.${index >> 8}.${index & 255}:9000`, zone: markup },
      ...{ state: "ready", version: "1", weight: 1, busy: 1, size: 2, rate: index, p99Ms: 1.5 },
    })),
    methods: Object.fromEntries(methods.map(({ name }) => [
      name,
      { calls: 9, errors: 1, rate: 3, p50Ms: 1, p99Ms: 2 },
    ])),
    version: "one",
  };
  return `retry: 50\ndata: ${JSON.stringify(view)}\n\n`;
}

browserTest(
  "the page shows 500 servers and 300 methods, by the keyboard alone, in the browser's language",
  async (executablePath) => {
    await using home = await RpcHome.create();
    await home.serve();
    const { url, token } = await startGateway(home);
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage({ locale: "zh-CN" });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      let servers = 500;
      await page.route(
        "**/live",
        (route) => route.fulfill({ contentType: "text/event-stream", body: eventOf(servers) }),
      );
      await page.route(
        "**/openrpc.json",
        (route) => route.fulfill({ json: { openrpc: "1.3.2", info: {}, methods } }),
      );
      await page.goto(`${url}/#token=${token}`);
      await page.getByRole("heading", { name: "服务器" }).waitFor();
      await page.getByText("每秒调用数: 124750").waitFor();
      assert.equal(await page.locator("tbody tr").count(), 500);
      assert.equal(await page.locator(".method").count(), 300);
      await page.locator("td").getByText("10.0.0.0:9000", { exact: true }).waitFor();
      servers = 499;
      await page.locator("li").getByText("10.0.1.243:9000 失联").waitFor();
      assert.equal(await page.locator("tbody tr").count(), 499);

      // What a user without a mouse does.
      await page.keyboard.press("/");
      await page.keyboard.type("method29");
      assert.equal(await page.locator(".method:visible").count(), 11);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "group.method290", exact: true }).waitFor();
      assert.equal(await page.getByLabel(/^n /).inputValue(), "290");
      await page.getByLabel(/^n /).focus();
      await page.keyboard.press("Control+Enter");
      await page.getByText(/^MethodNotFound: .*\(404, executed: no\)/).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "[290]" }).waitFor();
      assert.equal(await page.title(), "rpc");
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  },
);
