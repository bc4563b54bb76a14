import { serviceActions, serviceFlags } from "../service/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc service`, as data. */
export const command: Command<typeof serviceFlags> = {
  name: "service",
  summary: "Keep a server running, with systemd or Windows' Task Scheduler",
  positionals: [
    { name: "action", description: serviceActions.join(", "), completes: serviceActions },
    {
      name: "serve",
      description: "after --: the arguments of an rpc serve that works",
      count: "many",
      completes: { as: "serve" },
    },
  ],
  flags: serviceFlags,
  examples: [
    ["rpc service install -- 192.168.0.211 6666 tasks.ts", "starts it now, and at every boot"],
    ["rpc service install --print -- 192.168.0.211 6666", "prints the unit, and changes nothing"],
    ["rpc service install --name images -- 0.0.0.0 6667 --service images", "a second service"],
    ["rpc service status", "shows whether it is running"],
    ["rpc service uninstall", "stops and removes it"],
  ],
  load: () => import("../service/service.ts"),
};
