import { boolean, jsonFlag, registryFlags, timeoutFlag, verboseFlag } from "../syntax/flags.ts";

/** What can be done to a server. */
export const serversActions = ["drain", "resume", "weight"] as const;

/** The flags of `rpc servers`. */
export const serversFlags = {
  ...registryFlags,
  timeout: { ...timeoutFlag, fallback: 2_000 },
  watch: boolean({
    description: "Keep watching: a live table on a terminal, else a line for each change",
    short: "w",
  }),
  json: jsonFlag,
  verbose: verboseFlag,
};
