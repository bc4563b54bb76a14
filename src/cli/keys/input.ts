import type { CommandInput } from "../syntax/command.ts";
import type { keysFlags } from "./flags.ts";

/** What an action of `rpc keys` is given. */
export type KeysInput = CommandInput<typeof keysFlags>;
