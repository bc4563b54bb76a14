import { hintFor } from "../../base/names/nearest.ts";
import { RpcError } from "../../base/errors.ts";
import { UsageError } from "../../base/command_error.ts";
import { type KeysAction, keysActions, keysForms } from "./flags.ts";
import type { KeysInput } from "./input.ts";

/** `rpc keys <action> [target]` */
export async function run(input: KeysInput): Promise<number> {
  const [word = "", target = ""] = input.positionals;
  const action = keysActions.find((one) => one === word);
  if (action === undefined) {
    const hint = hintFor(word, keysActions, `there are ${keysActions.join(", ")}`);
    throw new UsageError(`Unknown action ${JSON.stringify(word)}: ${hint}`);
  }
  assertForm(action, input);
  try {
    return await start(action, input, target);
  } catch (error) {
    if (error instanceof RpcError && error.name === "InvalidParams") {
      throw new UsageError(error.message);
    }
    throw error;
  }
}

async function start(action: KeysAction, input: KeysInput, target: string): Promise<number> {
  switch (action) {
    case "init":
      return await (await import("./init.ts")).init(input);
    case "invite":
      return await (await import("./invite.ts")).invite(input, target);
    case "join":
      return await (await import("./join.ts")).join(input, target);
    case "renew":
      return await (await import("./renew.ts")).renew(input);
    case "zookeeper":
      return await (await import("./zookeeper.ts")).zooKeeper(input, target);
    case "show":
      return (await import("./show.ts")).show(input);
    case "export":
      return await (await import("./carry.ts")).exportKeys(input, target);
    case "import":
      return await (await import("./carry.ts")).importKeys(input, target);
  }
}

/**
 * Refuses what an action does not use: whoever writes `rpc keys join --rights read` believes that
 * the rights are then limited.
 */
function assertForm(action: KeysAction, { positionals: [, target], given }: KeysInput): void {
  const form = keysForms[action];
  if (form.target !== undefined && target === undefined) {
    throw new UsageError(`Missing ${form.target}: rpc keys ${action} ${form.target}`);
  }
  if (form.target === undefined && target !== undefined) {
    throw new UsageError(`Unexpected argument ${JSON.stringify(target)}: rpc keys ${action}`);
  }
  for (const flag of ["name", "rights", "force", "json"] as const) {
    if (!given.has(flag) || form.flags.includes(flag)) continue;
    const takers = keysActions.filter((one) => keysForms[one].flags.includes(flag));
    throw new UsageError(
      `rpc keys ${action} takes no --${flag}: that is for rpc keys ${takers.join(", ")}`,
    );
  }
}
