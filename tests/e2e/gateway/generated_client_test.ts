import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** A generator of clients in Python (pip install openapi-python-client), where there is one. */
const generator = "openapi-python-client";

const isThere = (() => {
  try {
    return new Deno.Command(generator, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
})();

const program = `
import sys
from client import AuthenticatedClient
from client.api.default import fib, img_scale
from client.models import FibBody, ImgScaleBody
rpc = AuthenticatedClient(sys.argv[1], sys.argv[2])
print(fib.sync(client=rpc, body=FibBody(n=20)))
print(fib.sync(client=rpc, body=FibBody(n="many")).name)
print(img_scale.sync(client=rpc, body=ImgScaleBody(by=1.25)))
`;

const module = `
import { defineProcedure, z } from "rpc";
const scale = defineProcedure({
  input: z.object({ by: z.number() }), output: z.number(), kind: "io", description: "",
}, ({ by }) => 2 * by);
export { scale as "img.scale" };
`;

Deno.test({
  ...skippedIf(
    isThere ? undefined : `there is no ${generator}`,
    "a client in Python that is generated from /openapi.json calls fib",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
    await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const gateway = await startGateway(home);
    const cwd = home.workingDirectory;
    const document = await (await gateway.fetch("/openapi.json")).text();
    await Deno.writeTextFile(`${cwd}/api.json`, document);
    const run = async (command: string, args: readonly string[]) => {
      const { stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd }).output();
      return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    };
    const said = await run(generator, [
      ...["generate", "--path", "api.json", "--output-path", "client", "--meta", "none"],
    ]);
    assert.doesNotMatch(said, /parsing|Error/);
    // The Python that the generator is installed in has what the client needs.
    const [, python = ""] = /^#!(\S+)/.exec(await Deno.readTextFile(await pathOf(generator))) ?? [];
    assert.equal(
      await run(python, ["-c", program, gateway.url, gateway.token]),
      "6765\nInvalidParams\n2.5\n",
    );
  },
});

/** Where a command of PATH is. */
async function pathOf(command: string): Promise<string> {
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `command -v ${command}`] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}
