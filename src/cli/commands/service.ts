import { serviceActions, serviceFlags } from "../service/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc service`, as data. */
export const command: Command<typeof serviceFlags> = {
  name: "service",
  summary: "Have the system keep a server running: systemd, or Windows' tasks",
  positionals: [
    { name: "action", description: serviceActions.join(", "), completes: serviceActions },
    {
      name: "serve",
      description: "after --: what you would type after rpc serve, of a server that works",
      count: "many",
    },
  ],
  flags: serviceFlags,
  examples: [
    ["rpc service install -- 192.168.0.211 6666 tasks.ts", "now, and after each start"],
    ["rpc service install --print -- 192.168.0.211 6666", "shows the unit, and writes nothing"],
    ["rpc service install --name images -- 0.0.0.0 6667 --service images", "a second one"],
    ["rpc service status", "whether it runs"],
    ["rpc service uninstall", "stops it, and takes it away"],
  ],
  load: () => import("../service/service.ts"),
};
