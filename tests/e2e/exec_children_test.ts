/** What a program of `--exec` has started, when the program ends. */

import assert from "node:assert/strict";
import { shTest } from "../support/posix.ts";
import { processTable } from "../support/process_table.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

/** A worker with something in the background. Its procedure `die` ends it. */
const program = `
sleep 600 </dev/null >/dev/null 2>&1 &
echo $! >> children
while read -r line; do
  id=$(printf %s "$line" | sed 's/.*"id":\\([^,}]*\\).*/\\1/')
  case "$line" in
    *rpc.discover*)
      result='{"openrpc":"1.3.2","info":{"title":"t","version":"1"},"methods":[{"name":"die","params":[]}]}' ;;
    *'"die"'*) exit 3 ;;
    *) result='"pong"' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" "$result"
done
`;

shTest("what a program has started is killed when the program ends by itself", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/worker.sh`, program);
  const children = async () =>
    (await Deno.readTextFile(`${home.workingDirectory}/children`)).trim().split("\n").map(Number);
  const living = async () => {
    const pids = await children();
    return (await processTable()).filter(({ pid }) => pids.includes(pid)).map(({ pid }) => pid);
  };
  await home.serve(["--no-builtin", "--exec", "sh worker.sh"]);
  const [first] = await children();
  assert.deepEqual(await living(), [first]);
  try {
    const { stderr } = await home.run(["call", "die"]);
    assert.match(stderr, /WorkerLost: .*exited with code 3/);
    await waitFor("the first one's end", async () => !(await living()).includes(first as number));
    // The worker that has taken its place keeps its own.
    await waitFor("the second one", async () => (await living()).length === 1);
  } finally {
    for (const pid of await living()) Deno.kill(pid, "SIGKILL");
  }
});
