import assert from "node:assert/strict";
import { noServedPython, oldestAndNewestPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { namedFiles, shellLines, words } from "./commands.ts";
import { skippedIf } from "../support/skipped_if.ts";

const root = new URL("../../", import.meta.url);
const text = Deno.readTextFileSync(new URL("docs/PYTHON.md", root));

/** What each program of the page prints: who reads it is told no other numbers than these. */
const printed: Readonly<Record<string, string>> = {
  "use_sums.py": "7\n5\n499500\n2 3\n5150\nInvalidParams no [{'path': [0], " +
    "'message': 'must be an integer, not \"three\"'}]\n",
  "use_sums_async.py": "7\n[2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n0\n1\n2\n",
};

Deno.test({
  ...skippedIf(noServedPython, "the commands of docs/PYTHON.md work as they are shown"),
  async fn() {
    await using home = await RpcHome.create();
    const directory = home.workingDirectory;
    for (const { name, text: file } of namedFiles(text)) {
      await Deno.writeTextFile(`${directory}/${name}`, file);
    }
    const client = await Deno.readTextFile(new URL("clients/python/rpc_client.py", root));
    const patient = client.replace(/^TIMEOUT_DEFAULT = 10\.0$/m, "TIMEOUT_DEFAULT = 120.0");
    assert.notEqual(patient, client, "a slow machine needs longer than users would wait");
    await Deno.writeTextFile(`${directory}/rpc_client.py`, patient);
    const ran: string[] = [];
    for (const line of shellLines(text)) {
      const [program, ...args] = words(line);
      if (program === "rpc") {
        assert.equal(args[0], "serve");
        await home.serve([...args.slice(1), "--python", oldestAndNewestPython[0] ?? ""]);
        continue;
      }
      for (const python of oldestAndNewestPython) {
        const { stdout, stderr } = await new Deno.Command(python, {
          args,
          cwd: directory,
          env: home.env(),
          stdin: "null",
        }).output();
        const decoder = new TextDecoder();
        assert.equal(decoder.decode(stdout), printed[args[0] ?? ""], decoder.decode(stderr));
      }
      ran.push(args[0] ?? "");
    }
    assert.deepEqual(ran, Object.keys(printed));
  },
});
