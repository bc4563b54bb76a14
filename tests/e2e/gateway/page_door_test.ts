import { browserTest, launchChromium, patient } from "../../support/chromium.ts";
import { servePage } from "../../support/page_server.ts";
import { waitFor } from "../../support/wait_for.ts";

browserTest(
  "the page says why its token does not count any more, and takes the new one in the same tab",
  async (executablePath) => {
    await using server = servePage();
    server.tell({ servers: [], methods: {}, version: "one" });
    server.refuses = () => true;
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      const shown = () => page.getByRole("heading", { name: "Methods" }).waitFor();
      await page.goto(`${server.url}/#token=wrong`);
      await page.getByText("Wrong token").waitFor();
      await page.getByText("with a new token; --token-file keeps the same one").waitFor();
      // A browser that takes no cookie.
      server.refuses = (pathname) => pathname !== "/session";
      await page.getByLabel("The token").fill("\u20ac");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Wrong token").waitFor();
      await page.getByLabel("The token").fill("good");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("The browser did not keep the cookie").waitFor();
      server.refuses = () => false;
      // All of the address will do.
      await page.getByLabel("The token").fill(` ready ${server.url}/#token=good `);
      await page.getByRole("button", { name: "Continue" }).click();
      await shown();

      await waitFor("a look", () => server.looks === 1);
      server.refuses = () => true;
      server.drop();
      await page.getByText("The gateway was restarted with a new token").waitFor();
      server.refuses = () => false;
      // Opened from where it was printed, in a tab that has the page: it is not loaded again.
      await page.evaluate("location.hash = '#token=new'");
      await shown();

      // What is told while it does not answer is taken back when it does.
      await waitFor("a look", () => server.looks === 1);
      await page.evaluate("document.getElementById('state').textContent = 'old'");
      server.tell({ servers: [], methods: {}, version: "one" });
      await page.waitForFunction("document.getElementById('state').textContent === ''");

      // A page that nobody sees leaves its connection to others: a browser has six.
      const show = (hidden: boolean) =>
        page.evaluate(
          `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"))`,
        );
      await show(true);
      await waitFor("the end of the look", () => server.looks === 0);
      await show(false);
      await waitFor("a look", () => server.looks === 1);
      // Nothing else than an address that leads nowhere.
      await page.goto(`${server.url}/#/%E0%A4%A`);
      await page.reload();
      await shown();
    } finally {
      await browser.close();
    }
  },
);
