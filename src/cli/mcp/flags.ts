import {
  list,
  messageMaxFlag,
  nearnessFlags,
  registryFlags,
  timeoutFlag,
  verboseFlag,
} from "../syntax/flags.ts";

/** The flags of `rpc mcp`. */
export const mcpFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  messageMax: messageMaxFlag,
  ...nearnessFlags,
  methods: list("<patterns>", {
    description: 'Offer only these methods: names and patterns such as "img.*,fib"',
    fallback: "*",
  }),
  verbose: verboseFlag,
};
