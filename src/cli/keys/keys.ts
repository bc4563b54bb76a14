import { hintFor } from "../../base/names/nearest.ts";
import { RpcError } from "../../base/errors.ts";
import { UsageError } from "../syntax/usage_error.ts";
import { keysActions } from "./flags.ts";
import type { KeysInput } from "./input.ts";

/** `rpc keys <action> [target]` */
export async function run(input: KeysInput): Promise<number> {
  const [action, target] = input.positionals;
  try {
    switch (action) {
      case "init":
        return await (await import("./init.ts")).init(input);
      case "invite":
        return await (await import("./invite.ts")).invite(input, required(target, "HOST:PORT"));
      case "join":
        return await (await import("./join.ts")).join(input, required(target, "HOST:PORT"));
      case "renew":
        return await (await import("./renew.ts")).renew(input);
      case "zookeeper":
        return await (await import("./zookeeper.ts")).zooKeeper(input, required(target, "HOST"));
      case "show":
        return (await import("./show.ts")).show(input);
      case "export":
        return await (await import("./carry.ts")).exportKeys(input, required(target, "NAME"));
      case "import":
        return await (await import("./carry.ts")).importKeys(input, required(target, "FILE"));
    }
  } catch (error) {
    if (error instanceof RpcError && error.name === "InvalidParams") {
      throw new UsageError(error.message);
    }
    throw error;
  }
  const hint = hintFor(action ?? "", keysActions, `there are ${keysActions.join(", ")}`);
  throw new UsageError(`Unknown action ${JSON.stringify(action)}: ${hint}`);

  function required(value: string | undefined, what: string): string {
    if (value !== undefined) return value;
    throw new UsageError(`Missing what to ${action}: rpc keys ${action} ${what}`);
  }
}
