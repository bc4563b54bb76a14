import { temporaryKeys } from "../support/bench_keys.ts";
import type { Command } from "../support/child.ts";
import type { RunningSystem } from "./system.ts";

/** Runs a peer on the files of keys like ours, which it finds by `RPC_KEYS`. */
export async function withKeys(
  start: (env: Command["env"]) => Promise<RunningSystem>,
): Promise<RunningSystem> {
  const keys = await temporaryKeys();
  try {
    const running = await start(keys.env);
    return {
      ...running,
      async [Symbol.asyncDispose]() {
        await running[Symbol.asyncDispose]();
        await keys[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await keys[Symbol.asyncDispose]();
    throw error;
  }
}
