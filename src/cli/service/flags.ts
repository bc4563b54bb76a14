import { boolean, jsonFlag, text, verboseFlag } from "../syntax/flags.ts";

/** What can be done with a service of the system. */
export const serviceActions = ["install", "uninstall", "status"] as const;

/** The flags of `rpc service`. */
export const serviceFlags = {
  name: text("<name>", { description: "What the system calls it", fallback: "rpc", short: "n" }),
  user: boolean({
    description: "Install for this user only (default for root: for the whole machine)",
  }),
  print: boolean({ description: "Show what would be written and run, and change nothing" }),
  json: jsonFlag,
  verbose: verboseFlag,
};
