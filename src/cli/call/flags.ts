import { balancePolicies } from "../../client/endpoints/endpoint_types.ts";
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
    description: "Named parameters as a JSON object, in place of arguments",
    fallback: undefined,
  }),
  repeat: integer("<n>", [1, 1_000_000_000], {
    description: "Call it that many times, and print a summary",
    fallback: undefined,
    short: "n",
  }),
  duration: duration("<time>", {
    description: "Call it again and again for so long: 30s, 5m, or a number of seconds",
    fallback: undefined,
    short: "d",
  }),
  rate: number("<n>", [0.001, 1_000_000], {
    description: "Start so many calls a second, whether or not earlier ones have ended; " +
      "latencies then count from when a call was due",
    fallback: undefined,
  }),
  concurrency: integer("<n>", [1, 65_536], {
    description: "Calls under way at once (default: 1; with --rate 10000)",
    fallback: undefined,
    short: "c",
  }),
  summary: choice(["text", "json", "none"], {
    description: "How to sum up many calls, on stderr",
    fallback: "text",
  }),
  html: text("<file>", {
    description: "Of many calls: write a page with plots there, to be opened in a browser",
    fallback: undefined,
  }),
  input: text("<file>", {
    description: "A call for each line of a file, or of stdin if it is -: see the examples",
    fallback: undefined,
    short: "i",
  }),
  unordered: boolean({ description: "With --input: print results as they come" }),
  failed: text("<file>", {
    description: "With --input: write the lines that failed there, to run them again",
    fallback: undefined,
  }),
  skip: integer("<n>", [0, 1_000_000_000_000], {
    description: "With --input: skip that many lines, and append to --failed",
    fallback: 0,
  }),
  server: serverFlag,
  each: boolean({ description: "Call every server that is registered once: a line for each" }),
  timeout: timeoutFlag,
  messageMax: messageMaxFlag,
  balance: choice(balancePolicies, {
    description: "How calls are spread over servers",
    fallback: "p2c",
    setting: true,
  }),
  ...nearnessFlags,
  quiet: boolean({ description: "Print no results: for load tests", short: "q" }),
  raw: boolean({ description: "Print JSON in one line on a terminal too" }),
  json: jsonFlag,
  verbose: verboseFlag,
};

/** Their values. */
export type CallFlags = FlagValues<typeof callFlags>;
