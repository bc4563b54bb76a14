import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { wordsOf } from "../../../src/cli/syntax/words.ts";
import { chromiumPath, launchChromium, patient } from "../../support/chromium.ts";
import { startGateway } from "../../support/gateway_process.ts";
import { rpcCommand } from "../../support/program.ts";
import { python } from "../../support/python.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const module = `
import { defineProcedure, z } from "rpc";
const same = defineProcedure({
  input: z.object({ text: z.string(), number: z.number(), any: z.unknown() }), output: z.unknown(), kind: "io", description: "",
}, (given) => given);
export { same, same as "it's.$HOME", same as 'a" & b "%c%', same as "pasted\x1b[201~" };
`;

/** Stands for a package that a machine may not have: what of it is used here. */
const requests = `
import json, urllib.request
class Answer:
    def __init__(self, text): self.text = text
    def json(self): return json.loads(self.text)
def post(url, json, headers):
    from json import dumps
    headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(url, dumps(json).encode(), headers)
    return Answer(urllib.request.urlopen(request).read())
`;

/** What a shell, Python and JSON each take for something else, if it is not quoted. */
const text = "a 'b' \"c\" $HOME `id` \\n \\ !x %s & | < > ^ ${1} 你好 é \u2028 </script> #";

const isHere = chromiumPath !== undefined && python !== undefined &&
  Deno.build.os !== "windows";

Deno.test({
  ...skippedIf(
    isHere ? undefined : "it needs Chromium, Python 3 and sh",
    "what the page copies runs in a shell, in Python and in TypeScript as it was filled in",
  ),
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using home = await RpcHome.create();
    const directory = home.workingDirectory;
    await Deno.writeTextFile(join(directory, "tasks.ts"), module);
    await Deno.writeTextFile(join(directory, "requests.py"), requests);
    // A shell finds rpc as a user has it.
    const rpc = rpcCommand.map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(join(directory, "rpc"), `#!/bin/sh\nexec ${rpc} "$@"\n`, {
      mode: 0o755,
    });
    await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const gateway = await startGateway(home);
    const run = async (command: string, args: readonly string[]) => {
      const { stdout, stderr, success } = await new Deno.Command(command, {
        args: [...args],
        cwd: directory,
        env: {
          ...home.env(),
          TOKEN: gateway.token,
          PATH: `${directory}:${Deno.env.get("PATH")}`,
          PYTHONDONTWRITEBYTECODE: "1",
        },
        stdin: "null",
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    const browser = await launchChromium(chromiumPath as string);
    try {
      const context = patient(await browser.newContext());
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      const page = await context.newPage();
      await page.goto(`${gateway.url}/#token=${gateway.token}`);
      const copied = async (method: string, form: string, on = page): Promise<string> => {
        await on.bringToFront();
        await on.locator("#methods").getByRole("button", { name: method, exact: true })
          .press("Enter");
        await on.getByLabel(/^text /).fill(text);
        await on.getByLabel(/^number /).fill("-2.5e3");
        await on.getByLabel(/^any /).fill('{"__proto__": [1]}');
        await on.getByRole("button", { name: `copy as ${form}`, exact: true }).press("Enter");
        return await on.evaluate("navigator.clipboard.readText()");
      };
      const wanted = { text, number: -2500, any: JSON.parse('{"__proto__":[1]}') };
      for (const method of ["same", "it's.$HOME"]) {
        for (const form of ["rpc call", "curl"]) {
          assert.deepEqual(JSON.parse(await run("sh", ["-c", await copied(method, form)])), wanted);
        }
      }
      /** A server may give its methods names that are lines of their own where they are pasted. */
      const assertRefused = async (method: string | RegExp, form: string, on = page) => {
        // Without what was told of an earlier one.
        await on.reload();
        await on.locator("#methods").getByRole("button", { name: method, exact: true })
          .press("Enter");
        await on.getByLabel(/^text /).fill(text);
        await on.getByLabel(/^number /).fill("1");
        await on.getByLabel(/^any /).fill("1");
        await on.getByRole("button", { name: `copy as ${form}`, exact: true }).press("Enter");
        await on.getByText("A command line cannot hold this name").waitFor();
      };
      const quotes = 'a" & b "%c%';
      assert.ok((await copied(quotes, "rpc call")).startsWith(`rpc call '${quotes}' --params '{`));
      await assertRefused(/^pasted/, "rpc call");
      const windows = await context.newPage();
      await windows.addInitScript(
        'Object.defineProperty(navigator, "platform", { value: "Win32" })',
      );
      await windows.goto(gateway.url);
      const onWindows = async (form: string) => {
        const line = await copied("it's.$HOME", form, windows);
        // What cmd and PowerShell would obey outside of what they take for quotes.
        assert.doesNotMatch(line, /[&|<>^]/);
        return wordsOf(line, "windows");
      };
      for (const [form, verbatim] of [["cmd", []], ["PowerShell", ["--%"]]] as const) {
        const [program, ...words] = await onWindows(`rpc call (${form})`);
        const params = words.pop() ?? "";
        const ahead = [...verbatim, "call", "it's.$HOME", "--params"];
        assert.deepEqual([program, ...words], ["rpc", ...ahead]);
        assert.deepEqual(JSON.parse(params), wanted);
        const curl = await onWindows(`curl (${form})`);
        assert.deepEqual(curl.slice(0, 1 + verbatim.length), ["curl.exe", ...verbatim]);
        assert.deepEqual(JSON.parse(curl.at(-2) ?? ""), wanted);
        assert.equal(curl.at(-1), `${new URL(gateway.url).origin}/call/it's.%24HOME`);
      }
      await assertRefused(quotes, "rpc call (cmd)", windows);
      await assertRefused(quotes, "rpc call (PowerShell)", windows);
      await windows.close();
      const program = await copied("it's.$HOME", "Python");
      // What it prints is Python's own way to write it, which Python reads again.
      const printed = await run(python as string, ["-c", program]);
      const again = "import ast, json, sys; print(json.dumps(ast.literal_eval(sys.argv[1])))";
      assert.deepEqual(JSON.parse(await run(python as string, ["-c", again, printed])), wanted);
      // As a user's module would, which has rpc as a name of its own.
      await Deno.writeTextFile(
        join(directory, "copied.ts"),
        await copied("it's.$HOME", "TypeScript"),
      );
      const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
      const ran = await run(Deno.execPath(), [
        ...["run", "--quiet", "--allow-all", "--no-prompt", "--config", config, "copied.ts"],
      ]);
      assert.match(ran, /number: -2500/);
      assert.match(ran, /__proto__.*\[ 1 \]/);
      assert.ok(ran.includes("你好"), ran);
    } finally {
      await browser.close();
    }
  },
});
