/**
 * A typed client: with `rpc serve 127.0.0.1 0 examples/tasks.ts` running, deno run -A
 * examples/client.ts
 */

import { connect, RpcError } from "rpc";
import type * as tasks from "./tasks.ts";

await using client = await connect({ registry: Deno.env.get("RPC_REGISTRY") ?? "local:" });
const api = client.procedures<typeof tasks>({ timeoutMs: 5_000 });

console.log(await api.resize({ width: 1920, height: 1080 }));
console.log(await api.add(2, 3));
try {
  await api.sleep(-1);
} catch (error) {
  if (!(error instanceof RpcError)) throw error;
  console.log(`${error.name}: ${error.message} (executed: ${error.executed})`);
}
