import { jsonFlag, registryFlags, timeoutFlag, verboseFlag } from "../syntax/flags.ts";

/** The flags of `rpc doctor`. */
export const doctorFlags = {
  ...registryFlags,
  timeout: { ...timeoutFlag, fallback: 2_000 },
  json: jsonFlag,
  verbose: verboseFlag,
};
