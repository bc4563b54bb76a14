import { runToEnd } from "./child.ts";
import { rpcCommand } from "./deno_command.ts";

/** A cluster of one member, for as long as a measure takes. */
export interface BenchKeys extends AsyncDisposable {
  /** What has a program of ours use them, and the peers: the directory with their files. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes keys by `rpc keys init`, in a directory that is gone afterwards. */
export async function temporaryKeys(): Promise<BenchKeys> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-bench-keys-" });
  const env = { RPC_KEYS: `${directory}/keys` };
  await runToEnd({ ...rpcCommand(["keys", "init", "--name", "bench"]), env });
  return { env, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}
