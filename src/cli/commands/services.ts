import { servicesFlags } from "../services/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc services`, as data. */
export const command: Command<typeof servicesFlags> = {
  name: "services",
  summary: "List the services that are registered, with how many servers each has",
  positionals: [],
  flags: servicesFlags,
  examples: [
    ["rpc services", "a table"],
    ["rpc services --all", "those too that nobody serves now"],
  ],
  load: () => import("../services/services.ts"),
};
