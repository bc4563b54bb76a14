import { demoClientFlags } from "../../demo/flags.ts";
import type { Command } from "../../syntax/command.ts";

/** `rpc demo-client`, as data. */
export const command: Command<typeof demoClientFlags> = {
  name: "demo-client",
  summary: "Make the calls of one client of the demo",
  positionals: [],
  flags: demoClientFlags,
  examples: [],
  hidden: true,
  load: () => import("../../demo/client.ts"),
};
