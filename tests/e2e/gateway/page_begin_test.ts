import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { servePage } from "../../support/page_server.ts";

browserTest(
  "the page says what it waits for, and is there before any server has answered",
  async (executablePath) => {
    await using server = servePage();
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      const asked = Promise.withResolvers<() => void>();
      await page.route("**/metrics", (route) => asked.resolve(() => void route.continue()));
      // Asked of servers, of which none answers.
      await page.route("**/openrpc.json", () => {});
      await page.goto(server.url, { waitUntil: "commit" });
      await page.getByText("Asking the gateway").waitFor();
      (await asked.promise)();
      await page.getByRole("heading", { name: "Servers" }).waitFor();
      await page.getByText("Asking the servers").waitFor();
      server.tell({ servers: [], methods: {}, version: "one", problem: "none is up" });
      await page.getByText("no server answers: none is up").waitFor();
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
      await page.getByRole("button", { name: "Call", exact: true }).click();
      await page.getByRole("region", { name: "Result" }).filter({ hasText: '1\n"two"' }).waitFor();
    } finally {
      await browser.close();
    }
  },
);
