import { completeFlags } from "../../completions/flags.ts";
import type { Command } from "../../syntax/command.ts";

/** `rpc complete`, as data. */
export const command: Command<typeof completeFlags> = {
  name: "complete",
  summary: "Tell a shell how a command line can go on",
  positionals: [{ name: "before", description: "the words before the cursor", count: "many" }],
  flags: completeFlags,
  examples: [],
  hidden: true,
  load: () => import("../../completions/complete.ts"),
};
