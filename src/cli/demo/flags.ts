import { integer, registryFlags, text } from "../syntax/flags.ts";

/** The flags of `rpc demo`. */
export const demoFlags = {
  registry: text("<url>", {
    description: "The registry to use (default: a local one of its own)",
    fallback: undefined,
    short: "r",
  }),
  calls: integer("<n>", [10, 1_000_000], {
    description: "Least number of calls that each client makes to each of the three procedures",
    fallback: 100,
  }),
  html: text("<file>", {
    description: "Write an HTML page with plots to this file",
    fallback: undefined,
  }),
};

/** The flags of `rpc demo-client`. */
export const demoClientFlags = { ...registryFlags, calls: demoFlags.calls };
