import { workerFlags } from "../../serve/worker_flags.ts";
import type { Command } from "../../syntax/command.ts";

/** `rpc worker`, as data. */
export const command: Command<typeof workerFlags> = {
  name: "worker",
  summary: "Run procedures for a server, over stdin and stdout",
  positionals: [],
  flags: workerFlags,
  examples: [],
  hidden: true,
  load: () => import("../../serve/worker.ts"),
};
