import assert from "node:assert/strict";
import { RpcHome } from "./rpc_process.ts";

/** A home with the keys of a member of another home's cluster. */
export async function memberHome(owner: RpcHome, name: string, rights?: string): Promise<RpcHome> {
  const home = await RpcHome.create(owner.registry);
  const { stdout } = await owner.run(
    ["keys", "export", name, ...(rights === undefined ? [] : ["--rights", rights])],
  );
  const taken = await home.run(["keys", "import", "-"], { stdin: stdout });
  assert.equal(taken.code, 0, taken.stderr);
  return home;
}
