import { answerTimeoutFlag } from "../syntax/answer_timeout.ts";
import { jsonFlag, registryFlags, verboseFlag } from "../syntax/flags.ts";

/** The flags of `rpc doctor`. */
export const doctorFlags = {
  ...registryFlags,
  timeout: answerTimeoutFlag,
  json: jsonFlag,
  verbose: verboseFlag,
};
