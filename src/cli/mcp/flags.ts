import {
  list,
  nearnessFlags,
  registryFlags,
  stringMaxFlag,
  timeoutFlag,
  verboseFlag,
} from "../syntax/flags.ts";

/** The flags of `rpc mcp`. */
export const mcpFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  messageMax: stringMaxFlag,
  ...nearnessFlags,
  methods: list("<patterns>", {
    description: 'Offer only these methods: names and patterns such as "img.*,fib"',
    fallback: "*",
  }),
  verbose: verboseFlag,
};
