import assert from "node:assert/strict";
// deno-lint-ignore no-import-prefix
import axe from "npm:axe-core@4.14.1";
// deno-lint-ignore no-import-prefix
import { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
import { skippedIf } from "./skipped_if.ts";

export type { Page };

/** The machine's Chromium; `undefined`: there is none, and its tests are reported as ignored. */
export const chromiumPath: string | undefined = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => {
  try {
    // There may be a script in its place that says how to install one.
    const { success, stdout } = new Deno.Command(path, { args: ["--version"] }).outputSync();
    return success && /^(Chromium|Google Chrome) \d/.test(new TextDecoder().decode(stdout));
  } catch {
    return false;
  }
});

/** Declares a test in a browser. */
export function browserTest(name: string, fn: (executablePath: string) => Promise<void>): void {
  Deno.test({
    ...skippedIf(chromiumPath === undefined ? "there is no Chromium" : undefined, name),
    // The browser's own processes and pipes outlive its promise to be closed for a moment.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => fn(chromiumPath as string),
  });
}

/** How long a browser may take for anything, on a machine with much else to do. */
const patienceMs = 180_000;

/** Starts a browser, with further flags. */
export function launchChromium(executablePath: string, ...flags: string[]): Promise<Browser> {
  // Containers have few megabytes of shared memory.
  const args = ["--no-sandbox", "--disable-dev-shm-usage", ...flags];
  // It keeps what pages store where the locale can say the path, and shows pages in its language.
  // It makes a socket among temporary files, whose path may have 108 bytes: theirs may be longer.
  const env = { ...Deno.env.toObject(), LC_ALL: "C.UTF-8", TMPDIR: "/tmp" };
  return chromium.launch({ executablePath, args, env, timeout: patienceMs });
}

/** A page, or what pages are opened in, that is waited for with patience. */
export function patient<Opened extends Pick<Page, "setDefaultTimeout">>(opened: Opened): Opened {
  opened.setDefaultTimeout(patienceMs);
  return opened;
}

/** Axe finds nothing serious on a page as it is now. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(axe.source);
  // What it finds in order fills megabytes, which would all be sent here.
  const run = 'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)';
  const violations = await page.evaluate(run) as axe.Result[];
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes[0]?.html]), [], what);
}
