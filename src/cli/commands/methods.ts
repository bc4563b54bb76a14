import { methodsFlags } from "../methods/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc methods`, as data. */
export const command: Command<typeof methodsFlags> = {
  name: "methods",
  summary: "List the procedures that servers offer, or describe one",
  positionals: [{
    name: "name",
    description: "the procedure to describe",
    count: "optional",
    completes: "methods",
  }],
  flags: methodsFlags,
  examples: [
    ["rpc methods", "a table"],
    ["rpc methods fib", "its parameters, what it returns, and an example"],
  ],
  load: () => import("../methods/methods.ts"),
};
