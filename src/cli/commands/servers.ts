import { serversActions, serversFlags } from "../servers/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc servers`, as data. */
export const command: Command<typeof serversFlags> = {
  name: "servers",
  summary: "List the registered servers; drain, resume or weight one",
  positionals: [
    {
      name: "action",
      description: `${serversActions.join(", ")}: change a server's share of the calls`,
      count: "optional",
      completes: serversActions,
    },
    {
      name: "server",
      description: "its address, or the first characters of its id",
      count: "optional",
      completes: "servers",
    },
    { name: "weight", description: "its new weight, for weight", count: "optional" },
  ],
  flags: serversFlags,
  examples: [
    ["rpc servers", "a table"],
    ["rpc servers drain 192.168.0.211:6666", "sends it no new calls; no call is lost"],
    ["rpc servers resume 192.168.0.211:6666", "sends it calls again"],
    ["rpc servers weight 192.168.0.211:6666 2", "twice the calls of one with weight 1"],
    ["rpc servers --watch", "a live table"],
    ["rpc servers --watch --json", "one JSON object per change, for programs"],
  ],
  load: () => import("../servers/servers.ts"),
};
