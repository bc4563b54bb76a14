import { boolean, jsonFlag, registryFlags, text } from "../syntax/flags.ts";

/** What `rpc keys` can do. */
export const keysActions = [
  "init",
  "invite",
  "join",
  "export",
  "import",
  "show",
  "renew",
  "zookeeper",
] as const;

/** The flags of `rpc keys`. */
export const keysFlags = {
  ...registryFlags,
  name: text("<name>", {
    description: "What the machine or member is called (default: this machine's host name)",
    fallback: undefined,
  }),
  rights: text("<list>", {
    description: "What the invited may do: read, call:<pattern>, serve, admin, with commas between",
    fallback: undefined,
  }),
  force: boolean({ description: "Put keys in the place of those of another cluster" }),
  json: jsonFlag,
};
