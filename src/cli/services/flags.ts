import { boolean, jsonFlag, registryFlags, verboseFlag } from "../syntax/flags.ts";

const { service: _, ...withoutService } = registryFlags;

/** The flags of `rpc services`. */
export const servicesFlags = {
  ...withoutService,
  all: boolean({ description: "Include services without a server", short: "a" }),
  json: jsonFlag,
  verbose: verboseFlag,
};
