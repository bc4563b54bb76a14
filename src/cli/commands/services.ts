import { servicesFlags } from "../services/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc services`, as data. */
export const command: Command<typeof servicesFlags> = {
  name: "services",
  summary: "List the registered services, and how many servers each has",
  positionals: [],
  flags: servicesFlags,
  examples: [
    ["rpc services", "a table"],
    ["rpc services --all", "including those without a server"],
  ],
  load: () => import("../services/services.ts"),
};
