import { unavailableAfterMsDefault } from "../../base/limits.ts";
import type { BalancePolicy } from "../../client/endpoints/endpoint_types.ts";
import {
  boolean,
  choice,
  duration,
  type FlagValues,
  integer,
  jsonFlag,
  messageMaxFlag,
  nearnessFlags,
  number,
  registryFlags,
  serverFlag,
  text,
  timeoutFlag,
  verboseFlag,
} from "../syntax/flags.ts";

/** The flags of `rpc call`. */
export const callFlags = {
  ...registryFlags,
  params: text("<json>", {
    description: "Named parameters as a JSON object, instead of arguments",
    fallback: undefined,
  }),
  repeat: integer("<n>", [1, 1_000_000_000], {
    description: "Make this many calls, and print a summary",
    fallback: undefined,
    short: "n",
  }),
  duration: duration("<time>", {
    description: "Keep calling for this long: 30s, 5m, or a number of seconds",
    fallback: undefined,
    short: "d",
  }),
  rate: number("<n>", [0.001, 1_000_000], {
    description: "Start this many calls a second, whether or not earlier ones have finished; " +
      "latency is measured from when each call was due",
    fallback: undefined,
  }),
  concurrency: integer("<n>", [1, 65_536], {
    description: "Calls in flight at once (default: 1, or 10000 with --rate)",
    fallback: undefined,
    short: "c",
  }),
  summary: choice(["text", "json", "none"], {
    description: "Format of the summary of many calls, on stderr",
    fallback: "text",
  }),
  html: text("<file>", {
    description: "Write an HTML page with plots of many calls to this file",
    fallback: undefined,
  }),
  input: text("<file>", {
    description:
      "Make a call for each line of this file, or of stdin if it is - (see the examples)",
    fallback: undefined,
    short: "i",
  }),
  unordered: boolean({ description: "With --input: print results as they arrive" }),
  failed: text("<file>", {
    description: "With --input: write the lines that failed to this file, to run them again",
    fallback: undefined,
  }),
  skip: integer("<n>", [0, 1_000_000_000_000], {
    description: "With --input: skip this many lines, and append to the --failed file",
    fallback: 0,
  }),
  server: serverFlag,
  each: boolean({ description: "Call every registered server once, and print a line for each" }),
  timeout: timeoutFlag,
  wait: duration("<time>", {
    description:
      "How long a call waits for a server while there is none, within its --timeout: 30s, or a number of milliseconds",
    fallback: unavailableAfterMsDefault,
  }, "ms"),
  messageMax: messageMaxFlag,
  // Their names stand here, too, so that a call does not load them from the client.
  balance: choice<BalancePolicy>(["p2c", "random", "round-robin", "least-loaded"], {
    description: "How calls are spread over servers",
    fallback: "p2c",
    setting: true,
  }),
  ...nearnessFlags,
  quiet: boolean({ description: "Do not print results, for load tests", short: "q" }),
  raw: boolean({ description: "Print each result as JSON on one line, even on a terminal" }),
  json: jsonFlag,
  verbose: verboseFlag,
};

/** Their values. */
export type CallFlags = FlagValues<typeof callFlags>;
