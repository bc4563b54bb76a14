import { answerTimeoutMsDefault } from "../limits.ts";
import { duration } from "./flags.ts";

/**
 * The flag of every subcommand that asks each server how it is. Calls may take minutes, and a list
 * of servers is wanted although one of them is dead: so `RPC_TIMEOUT` does not count here.
 */
export const answerTimeoutFlag = duration("<time>", {
  description: "How long a server may take to answer: 5s, 500ms, or a number of milliseconds",
  fallback: answerTimeoutMsDefault,
  short: "t",
  setting: true,
  settingKey: "answerTimeout",
}, "ms");
