import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "../../src/mod.ts";
import { RpcHome } from "../support/rpc_process.ts";

const tasks = `
const own = Deno.ppid;
export const where = () => own;
`;

Deno.test("a client calls the servers of its zone, by flag, setting or option, and others when they end", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), tasks);
  const serve = (zone: string) =>
    home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1", "--zone", zone]);
  const [near, far] = await Promise.all([serve("a"), serve("b")]);
  const asked = async (args: string[], env: Record<string, string> = {}) => {
    const { stdout } = await home.run(["call", "where", "-n", "4", ...args], { env });
    return [...new Set(stdout.trim().split("\n"))];
  };
  assert.deepEqual(await asked(["--zone", "a", "--subset=all"]), [String(near.pid)]);
  assert.deepEqual(await asked([], { RPC_ZONE: "b", RPC_SUBSET: "20" }), [String(far.pid)]);

  await using client = await connect({
    registry: home.registry,
    zone: "a",
    subset: 20,
    timeoutMs: 120_000,
  });
  const server = async () => (await client.report("where")).result;
  for (let i = 0; i < 10; i++) assert.equal(await server(), near.pid);
  near.process.signal("SIGTERM");
  await near.process.ended();
  for (let i = 0; i < 10; i++) assert.equal(await server(), far.pid);
});
