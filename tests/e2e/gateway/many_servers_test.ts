import assert from "node:assert/strict";
import { assertAccessible, browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";

/** What a browser would run, turn around or hide, if it were more than text. */
const markup = "<img src=x onerror=document.title='owned'>\u202egnp\u001b[31m";

const methods = Array.from({ length: 300 }, (_, index) => ({
  name: `group.method${index}`,
  description: markup,
  paramStructure: "by-position",
  params: [{ name: "n", required: true, schema: { type: "integer", default: index } }],
  result: { name: "result", schema: true },
}));
const odd = { ...methods[0], name: `odd.${markup}` };

/** What the gateway would tell of that many servers, as one event. */
function eventOf(servers: number, seventh: string): string {
  const view = {
    servers: Array.from({ length: servers }, (_, index) => ({
      ...{ id: `s${index}`, address: `10.0.${index >> 8}.${index & 255}:9000`, zone: markup },
      ...{
        state: index === 7 ? seventh : "ready",
        problem: markup,
        version: markup,
        weight: 1,
        busy: 1,
        size: 2,
        rate: index,
        p99Ms: 1.5,
      },
    })),
    methods: Object.fromEntries(methods.map(({ name }) => [
      name,
      { calls: 9, errors: 1, rate: 3, p50Ms: 1, p99Ms: 2 },
    ])),
    version: "one",
    problem: markup,
  };
  return `retry: 50\ndata: ${JSON.stringify(view)}\n\n`;
}

browserTest(
  "the page shows 500 servers and 300 methods, by the keyboard alone, in the browser's language",
  async (executablePath) => {
    await using home = await RpcHome.create();
    await home.serve();
    const { url, token } = await startGateway(home);
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage({ locale: "zh-CN" }));
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      let servers = 500;
      let seventh = "ready";
      await page.route(
        "**/live",
        (route) =>
          route.fulfill({ contentType: "text/event-stream", body: eventOf(servers, seventh) }),
      );
      await page.route(
        "**/openrpc.json",
        (route) =>
          route.fulfill({ json: { openrpc: "1.3.2", info: {}, methods: [...methods, odd] } }),
      );
      await page.goto(`${url}/#token=${token}`);
      await page.getByRole("heading", { name: "服务器" }).waitFor();
      await page.getByText("每秒调用数: 124750").waitFor();
      // Made a part at a time.
      await page.locator("tbody tr").nth(499).waitFor({ state: "attached" });
      assert.equal(await page.locator("tbody tr").count(), 500);
      await page.locator(".method").nth(300).waitFor({ state: "attached" });
      assert.equal(await page.locator(".method").count(), 301);
      await page.locator("td").getByText("10.0.0.0:9000", { exact: true }).waitFor();
      seventh = "draining";
      await page.locator("line.mark.drains").waitFor({ state: "attached" });
      servers = 499;
      await page.locator("li").getByText("10.0.1.243:9000 失联").waitFor();
      assert.equal(await page.locator("tbody tr").count(), 499);
      await page.locator("line.mark.died").waitFor({ state: "attached" });
      servers = 500;
      await page.locator("line.mark.joined").waitFor({ state: "attached" });

      // What a user without a mouse does.
      await page.keyboard.press("/");
      await page.keyboard.type("method29");
      assert.equal(await page.locator(".method:visible").count(), 11);
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "group.method290", exact: true }).waitFor();
      assert.equal(await page.getByLabel(/^n /).inputValue(), "290");
      // One step leads from the list to the form, however many methods there are.
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate("document.activeElement.tagName"), "INPUT");
      await page.keyboard.press("Enter");
      await page.getByText(/^MethodNotFound: .*\(404, executed: no\)/).waitFor();
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("/");
      await page.keyboard.press("Escape");
      assert.equal(await page.locator(".method:visible").count(), 301);
      await page.keyboard.type("odd.");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "odd.<img" }).waitFor();
      await page.keyboard.press("Tab");
      await page.keyboard.press("Control+Enter");
      await page.getByText(/^MethodNotFound: .*u202e.*\(404, executed: no\)/).waitFor();
      const text = await page.locator("body").textContent() ?? "";
      assert.ok(!["\u202e", "\u001b"].some((one) => text.includes(one)));
      // Few of them, of which axe looks at each.
      servers = 5;
      await page.route(
        "**/openrpc.json",
        (route) =>
          route.fulfill({ json: { openrpc: "1.3.2", info: {}, methods: methods.slice(288, 292) } }),
      );
      await page.goto(`${url}/#/group.method290`);
      await page.reload();
      await page.getByRole("button", { name: "[290]" }).waitFor();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await assertAccessible(page, `Chinese, ${colorScheme}`);
      }
      assert.equal(await page.title(), "rpc");
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  },
);
