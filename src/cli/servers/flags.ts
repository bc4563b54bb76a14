import { answerTimeoutFlag } from "../syntax/answer_timeout.ts";
import { boolean, jsonFlag, registryFlags, verboseFlag } from "../syntax/flags.ts";

/** What can be done to a server. */
export const serversActions = ["drain", "resume", "weight"] as const;

/** The flags of `rpc servers`. */
export const serversFlags = {
  ...registryFlags,
  timeout: answerTimeoutFlag,
  watch: boolean({
    description: "Keep watching: a live table on a terminal, else a line for each change",
    short: "w",
  }),
  json: jsonFlag,
  verbose: verboseFlag,
};
