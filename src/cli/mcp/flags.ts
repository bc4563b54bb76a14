import { nearnessFlags, registryFlags, text, timeoutFlag, verboseFlag } from "../syntax/flags.ts";

/** The flags of `rpc mcp`. */
export const mcpFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  ...nearnessFlags,
  methods: text("<patterns>", {
    description: 'Offer only these methods: names and patterns such as "img.*,fib"',
    fallback: "*",
  }),
  verbose: verboseFlag,
};
