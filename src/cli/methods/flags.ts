import { jsonFlag, registryFlags, timeoutFlag, verboseFlag } from "../syntax/flags.ts";

/** The flags of `rpc methods`. */
export const methodsFlags = {
  ...registryFlags,
  timeout: timeoutFlag,
  json: jsonFlag,
  verbose: verboseFlag,
};
