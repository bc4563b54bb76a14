import assert from "node:assert/strict";
import { browserTest, launchChromium, type Page, patient } from "../../support/chromium.ts";
import { servePage } from "../../support/page_server.ts";
import { waitFor } from "../../support/wait_for.ts";

const long = "x".repeat(10_000);
const tree = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string" },
    ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`c${at}`, { $ref: "#" }])),
  },
};

/** Schemas by the names of the methods that have one parameter of them. */
const schemas: Record<string, unknown> = {
  "plain": { type: "integer" },
  "</script><b>": { type: "string", description: "</script>\u202e" },
  ["__proto__"]: { type: "object", properties: JSON.parse('{"__proto__":{"type":"integer"}}') },
  "constructor": { type: "integer" },
  [long]: { type: "string", title: long, description: long },
  "tree": tree,
  "itself": { $ref: "#/definitions/a", definitions: { a: { $ref: "#/definitions/a" } } },
  "loop": { anyOf: Array.from({ length: 9 }, () => ({ $ref: "#" })) },
  "slow": { type: "string", pattern: "^(a+)+$" },
  "many": { enum: Array.from({ length: 20_000 }, (_, at) => at) },
  "defaults": {
    type: "object",
    properties: {
      list: { type: "array", items: { type: "integer" }, default: 5 },
      text: { type: "string", default: { a: 1 } },
      frame: { type: "object", properties: { a: { type: "integer" } }, default: "no" },
      mode: { enum: ["a", "b"], default: "c" },
    },
  },
  "broken": { type: "object", properties: { a: null, b: 7 }, required: 5, enum: {}, allOf: 3 },
};

const methods = Object.entries(schemas).map(([name, schema]) => ({
  name,
  paramStructure: "by-name",
  params: [{ name: "given", required: false, schema }],
}));

const choose = (page: Page, name: string) =>
  page.evaluate(
    `[...document.querySelectorAll(".method button")].find((one) => one.textContent === ${
      JSON.stringify(name)
    }).click()`,
  );

async function withPage(
  executablePath: string,
  offered: string,
  run: (page: Page, server: ReturnType<typeof servePage>) => Promise<void>,
): Promise<void> {
  await using server = servePage();
  server.offered = offered;
  server.tell({ servers: [], methods: {}, version: "one" });
  const browser = await launchChromium(executablePath);
  try {
    const context = patient(await browser.newContext());
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(server.url);
    await page.locator(".method").first().waitFor();
    await run(page, server);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
}

const offeredOf = (methods: unknown) => JSON.stringify({ openrpc: "1.3.2", info: {}, methods });

browserTest(
  "a form stands and sends, whatever names and schemas its method has",
  (executablePath) =>
    withPage(executablePath, offeredOf(methods), async (page, server) => {
      const call = async () => {
        const before = server.calls.length;
        await page.getByRole("button", { name: "Call", exact: true }).press("Enter");
        await waitFor("the call", () => server.calls.length > before);
        return server.calls.at(-1);
      };
      for (const { name } of methods) {
        await choose(page, name);
        // Nothing was filled in, and nothing is required.
        const body = await call();
        assert.ok(body === "{}" || name === "defaults", `${name.slice(0, 20)}: ${body}`);
        assert.ok(await page.locator("#detail *").count() < 2_000, name.slice(0, 20));
      }
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(over as number <= 0);

      await choose(page, "__proto__");
      await page.getByLabel(/^__proto__ /).fill("3");
      assert.equal(await call(), '{"given":{"__proto__":3}}');
      // A pattern that takes minutes is the server's to try.
      await choose(page, "slow");
      await page.getByLabel(/^given /).fill(`${"a".repeat(40)}!`);
      assert.equal(await call(), `{"given":"${"a".repeat(40)}!"}`);
      await choose(page, "loop");
      await page.getByLabel(/^given /).fill("7");
      assert.equal(await call(), '{"given":7}');
      await choose(page, "many");
      await page.getByLabel(/^given /).fill("19999");
      assert.equal(await call(), '{"given":19999}');
      await choose(page, "tree");
      await page.getByLabel(/^name /).first().fill("root");
      assert.equal(await call(), '{"given":{"name":"root"}}');
    }),
);

const big = "9007199254740993";
const exact = [{
  name: "wide",
  paramStructure: "by-position",
  params: [
    { name: "first", required: false, schema: { type: "string" } },
    {
      name: "n",
      required: false,
      schema: { type: "integer", default: "BIG", enum: ["BIG", "LESS"] },
    },
    { name: "more", required: false, schema: { type: "array", items: { type: "integer" } } },
  ],
}];

browserTest(
  "the page rounds no number: in forms, results, the history and what it copies",
  (executablePath) =>
    withPage(
      executablePath,
      offeredOf(exact).replaceAll('"BIG"', big).replaceAll('"LESS"', "9007199254740992"),
      async (page, server) => {
        const call = () => page.getByRole("button", { name: "Call", exact: true }).press("Enter");
        const output = page.getByRole("region", { name: "Result" });
        // What is left out would have another one take its place.
        await call();
        await page.getByText("first: Missing").waitFor();
        await page.getByLabel(/^first /).fill(`${big} "1.0"`);
        await page.getByRole("button", { name: "Add more" }).click();
        await page.getByLabel(/^more\[0\] /).fill("12345678901234567890123");
        server.result = `{"a":[${big},1e400,1.0],"text":"${big}"}`;
        await call();
        await output.filter({ hasText: `"a": [ ${big}, 1e400, 1.0 ], "text": "${big}"` }).waitFor();
        const sent = `["${big} \\"1.0\\"",${big},[12345678901234567890123]]`;
        assert.deepEqual(server.calls, [sent]);

        await page.reload();
        await page.getByRole("button", { name: '["9007' }).click();
        assert.equal(await page.getByLabel(/^more\[0\] /).inputValue(), "12345678901234567890123");
        await call();
        await waitFor("the call", () => server.calls.length === 2);
        assert.equal(server.calls[1], sent);
        const copied = async (form: string): Promise<string> => {
          await page.getByRole("button", { name: `copy as ${form}`, exact: true }).click();
          return await page.evaluate("navigator.clipboard.readText()");
        };
        for (const form of ["rpc call", "curl", "Python"]) {
          assert.match(await copied(form), /[, ]9007199254740993,\[12345678901234567890123\]/);
        }
        assert.match(
          await copied("TypeScript"),
          /\.rawJSON\("9007199254740993"\),\[\(JSON as any\)\.rawJSON\("12345678901234567890123"\)\]/,
        );
        await page.getByLabel(/^more\[0\] /).fill("1.5");
        await call();
        await page.getByText("more[0]: Does not match the schema: integer").waitFor();
      },
    ),
);

browserTest(
  "a long result is shown in part and copied whole, and a fast stream keeps its end",
  async (executablePath) => {
    const streams = { ...methods[0], name: "streams", "x-stream": true };
    await withPage(executablePath, offeredOf([methods[0], streams]), async (page, server) => {
      const output = page.getByRole("region", { name: "Result" });
      const call = () => page.getByRole("button", { name: "Call", exact: true }).press("Enter");
      server.result = JSON.stringify("y".repeat(300_000));
      await call();
      await output.getByText("100002 more").waitFor();
      await page.getByRole("button", { name: "Copy", exact: true }).click();
      const copied = await page.evaluate("navigator.clipboard.readText()");
      assert.equal(copied, server.result);
      await choose(page, "streams");
      server.result = Array.from({ length: 100_000 }, (_, at) => `{"item":${at}}\n`).join("") +
        '{"end":{"items":100000}}\n';
      await call();
      await output.filter({ hasText: /99998\n99999\n$/ }).waitFor();
      assert.ok((await output.textContent() ?? "").length <= 204_000);
    });
  },
);
