import { serversActions, serversFlags } from "../servers/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc servers`, as data. */
export const command: Command<typeof serversFlags> = {
  name: "servers",
  summary: "List the servers that are registered, and drain, resume or weight one",
  positionals: [
    {
      name: "action",
      description: `${serversActions.join(", ")}: change what share of the calls a server is given`,
      count: "optional",
      completes: serversActions,
    },
    {
      name: "server",
      description: "its address, or how its id begins",
      count: "optional",
      completes: "servers",
    },
    { name: "weight", description: "its new weight, with weight", count: "optional" },
  ],
  flags: serversFlags,
  examples: [
    ["rpc servers", "a table"],
    ["rpc servers drain 192.168.0.211:6666", "no new calls go there, and none is lost"],
    ["rpc servers resume 192.168.0.211:6666", "they go there again"],
    ["rpc servers weight 192.168.0.211:6666 2", "twice the calls of one with weight 1"],
    ["rpc servers --watch", "a table that is kept up to date"],
    ["rpc servers --watch --json", "a line for each change, for a program"],
  ],
  load: () => import("../servers/servers.ts"),
};
