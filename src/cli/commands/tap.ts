import type { Command } from "../syntax/command.ts";
import { tapFlags } from "../tap/flags.ts";

/** `rpc tap`, as data. */
export const command: Command<typeof tapFlags> = {
  name: "tap",
  summary: "Show calls live, as servers finish them",
  positionals: [{
    name: "methods",
    description: "show only these; * matches any text, for example img.*",
    count: "many",
    completes: "methods",
  }],
  flags: tapFlags,
  examples: [
    ["rpc tap", "all calls on all servers: up to 200 a second per server, others are only counted"],
    ["rpc tap fib --slow 100ms", "slow calls of fib"],
    ["rpc tap --failed --server 192.168.0.211:6666", "failed calls on one server"],
    ["rpc tap --json", "one JSON object per call, for programs"],
  ],
  load: () => import("../tap/tap.ts"),
};
