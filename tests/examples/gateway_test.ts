import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { browserTest, launchChromium, patient } from "../support/chromium.ts";
import { startGateway } from "../support/gateway_process.ts";
import { python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

const examples = new URL("../../examples/gateway/", import.meta.url);

/** A program that runs an example, where there is one, and what the example prints. */
const cases: [file: string, program: string, lines: RegExp][] = [
  ["call.sh", "curl", /^6765\n\{"jsonrpc":"2.0","id":1,"result":55\}\n$/],
  ["call.py", python ?? "python3", /^6765\r?\nInvalidParams: Cannot call fib: /],
  ["Call.java", "java", /^200 6765\r?\n$/],
];

function isThere(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdin: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

for (const [file, program, lines] of cases) {
  const isSkipped = !isThere(program) || (file.endsWith(".sh") && Deno.build.os === "windows");
  Deno.test({
    ...skippedIf(
      isSkipped ? `there is no ${program}` : undefined,
      `examples/gateway/${file} calls through the gateway`,
    ),
    fn: async () => {
      await using home = await RpcHome.create();
      await home.serve();
      const { url, token } = await startGateway(home);
      const { stdout, stderr } = await new Deno.Command(file.endsWith(".sh") ? "sh" : program, {
        args: [fileURLToPath(new URL(file, examples)), url, token],
        // Java finds a file whose path is not ASCII by the locale.
        env: { LC_ALL: "C.UTF-8" },
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assert.match(decoder.decode(stdout), lines, decoder.decode(stderr));
    },
  });
}

browserTest(
  "examples/gateway/page.html calls through the gateway from another origin",
  async (executablePath) => {
    await using home = await RpcHome.create();
    await home.serve();
    const html = await Deno.readTextFile(new URL("page.html", examples));
    await using site = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(html, { headers: { "content-type": "text/html" } }),
    );
    const origin = `http://127.0.0.1:${site.addr.port}`;
    const { url, token } = await startGateway(home, ["--allow-origin", origin]);
    const browser = await launchChromium(executablePath);
    try {
      const page = patient(await browser.newPage());
      await page.goto(`${origin}/#${url}#${token}`);
      await page.getByText(/fib\(20\) is 6765\s*, by a WebSocket 6765/).waitFor();
    } finally {
      await browser.close();
    }
  },
);
