import { integer, registryFlags, text } from "../syntax/flags.ts";

/** The flags of `rpc demo`. */
export const demoFlags = {
  registry: text("<url>", {
    description: "The registry to play on (default: a local one of its own)",
    fallback: undefined,
    short: "r",
  }),
  calls: integer("<n>", [10, 1_000_000], {
    description: "Calls that each client makes of each of the three procedures, at the least",
    fallback: 100,
  }),
  html: text("<file>", {
    description: "Write a page with plots there, to be opened in a browser",
    fallback: undefined,
  }),
};

/** The flags of `rpc demo-client`. */
export const demoClientFlags = { ...registryFlags, calls: demoFlags.calls };
