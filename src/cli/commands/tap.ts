import type { Command } from "../syntax/command.ts";
import { tapFlags } from "../tap/flags.ts";

/** `rpc tap`, as data. */
export const command: Command<typeof tapFlags> = {
  name: "tap",
  summary: "Listen to the calls that servers answer, as they end",
  positionals: [{
    name: "methods",
    description: "only these; * stands for any text, for example img.*",
    count: "many",
    completes: "methods",
  }],
  flags: tapFlags,
  examples: [
    ["rpc tap", "all calls at all servers: up to 200 a second of each, the rest is counted"],
    ["rpc tap fib --slow 100ms", "calls of fib that take long"],
    ["rpc tap --failed --server 192.168.0.211:6666", "what fails at one server"],
    ["rpc tap --json", "a line a call, for a program"],
  ],
  load: () => import("../tap/tap.ts"),
};
