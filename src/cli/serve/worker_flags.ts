import { boolean, text } from "../syntax/flags.ts";

/** The flags of `rpc worker`. */
export const workerFlags = {
  module: text("<path>", { description: "A module whose functions to offer", fallback: undefined }),
  noBuiltin: boolean({ description: "Do not publish the built-in procedures" }),
};
