import {
  boolean,
  duration,
  jsonFlag,
  registryFlags,
  serverFlag,
  verboseFlag,
} from "../syntax/flags.ts";

/** The flags of `rpc tap`. */
export const tapFlags = {
  ...registryFlags,
  failed: boolean({ description: "Only calls that fail", short: "f" }),
  slow: duration("<time>", {
    description: "Only calls that take at least this long: 100ms, 2s, or a number of milliseconds",
    fallback: undefined,
  }, "ms"),
  server: serverFlag,
  json: jsonFlag,
  verbose: verboseFlag,
};
