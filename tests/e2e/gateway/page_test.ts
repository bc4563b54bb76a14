import assert from "node:assert/strict";
import {
  assertAccessible,
  browserTest,
  launchChromium,
  type Page,
  patient,
} from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";

const module = `
import { defineProcedure, z } from "rpc";
export const scale = defineProcedure({
  input: z.object({ name: z.string(), mode: z.enum(["near", "linear"]), size: z.object({ w: z.int() }), twice: z.boolean().default(false),
    points: z.array(z.object({ x: z.number() })), either: z.union([z.string(), z.number()]) }),
  output: z.unknown(), kind: "io", idempotent: true, description: "Has <b>markup</b> in it",
}, (given) => ({ ...given, html: "<img src=x onerror=document.title='owned'>" }));
export function fails() { throw new Error("no luck"); }
export async function* count(n: number) { for (let i = 1; i <= n; i++) { yield i; await new Promise((r) => setTimeout(r, 5)); } }
`;

/** Where pictures of the page are written, in each width and colour, if the environment says. */
const shotsIn = Deno.env.get("RPC_TEST_SCREENSHOTS");

browserTest(
  "the page shows servers as they come and go, and calls by forms made of schemas",
  async (executablePath) => {
    await using home = await RpcHome.create();
    await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
    const first = await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const gateway = await startGateway(home);
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(`${gateway.url}/#token=${gateway.token}`);
      await page.getByRole("cell", { name: first.address }).waitFor();
      assert.doesNotMatch(page.url(), /token/);
      const cookies = await page.context().cookies();
      assert.deepEqual(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]), [[
        true,
        "Strict",
      ]]);

      const second = await home.serve(["127.0.0.1", "0", "tasks.ts"]);
      await page.getByRole("cell", { name: second.address }).waitFor();
      await second.kill();
      await page.getByRole("cell", { name: second.address }).waitFor({ state: "detached" });
      const news = page.getByRole("list", { name: "Servers" });
      await news.getByText(`${second.address} joined`).waitFor();
      await news.getByText(`${second.address} died`).waitFor();

      // By their keys: what changes above could move them away between a mouse's press and release.
      const choose = (name: string) =>
        page.locator("#methods").getByRole("button", { name, exact: true }).press("Enter");
      const call = () => page.getByRole("button", { name: "Call", exact: true }).press("Enter");
      const output = page.getByRole("region", { name: "Result" });
      const failure = page.locator("p.bad");
      const says = async (text: string | RegExp) => {
        await output.filter({ hasText: text }).or(failure).first().waitFor();
        assert.deepEqual(await failure.allTextContents(), []);
      };
      await choose("fib");
      await page.getByLabel(/^n /).fill("20");
      await call();
      await says("6765");
      await page.getByLabel(/^n /).fill('"many"');
      await call();
      await page.getByText("n: Does not match the schema: integer").waitFor();
      await choose("fails");
      await call();
      await page.getByText(/^InternalError: .*no luck.*\(502, executed: yes\)/).waitFor();

      await choose("scale");
      await page.getByText("Has <b>markup</b> in it").waitFor();
      await page.getByLabel(/^name /).fill('a "b"');
      await page.getByLabel(/^mode /).selectOption("linear");
      await page.getByLabel(/^w /).fill("3.5");
      await call();
      await page.getByText("size.w: Does not match the schema: integer").waitFor();
      await page.getByLabel(/^w /).fill("3");
      await page.getByLabel(/^either /).fill('{"a": ');
      await call();
      await page.getByText("either: Not valid JSON").waitFor();
      await page.getByLabel(/^either /).fill("true");
      await call();
      await page.getByText(/^either: Does not match the schema: string.*number$/).waitFor();
      await page.getByLabel(/^either /).fill("7");
      await page.getByRole("button", { name: "Add points" }).click();
      await page.getByLabel(/^x /).fill("1");
      await call();
      await says('"mode": "linear"');
      await says('"x": 1');
      await says("<img src=x onerror");
      assert.equal(await page.title(), "rpc");

      await choose("count");
      await page.getByLabel(/^n /).fill("100000");
      await page.getByLabel("Timeout in ms").fill("600000");
      await call();
      await says(/1\n2\n3\n/);
      await choose("fib");
      assert.equal(await page.getByLabel(/^n /).inputValue(), '"many"');
      await choose("count");
      await says(/1\n2\n3\n/);
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByText("Cancelled").waitFor();

      await page.reload();
      await choose("fib");
      await page.getByRole("button", { name: '{"n":20}' }).click();
      assert.equal(await page.getByLabel(/^n /).inputValue(), "20");
      await call();
      await says("6765");
      await looks(page);
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  },
);

/** In all widths and both colours nothing is cut off, and axe finds no serious fault. */
async function looks(page: Page): Promise<void> {
  for (const width of [360, 1280, 3840]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(over as number <= 0, `${width} px is too narrow by ${over}`);
      await assertAccessible(page, `${width} ${colorScheme}`);
      if (shotsIn !== undefined) {
        await page.screenshot({ path: `${shotsIn}/${width}_${colorScheme}.png`, fullPage: true });
      }
    }
  }
}
