import { mcpFlags } from "../mcp/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc mcp`, as data. */
export const command: Command<typeof mcpFlags> = {
  name: "mcp",
  summary: "Offer procedures to AI agents as tools (Model Context Protocol on stdio)",
  positionals: [],
  flags: mcpFlags,
  examples: [
    ["rpc mcp", "all methods; the agent's program starts this command"],
    ['rpc mcp --methods "img.*,fib"', "some of them"],
  ],
  load: () => import("../mcp/mcp.ts"),
};
