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
    description: "Name of the machine or member (default: this machine's host name)",
    fallback: undefined,
  }),
  rights: text("<list>", {
    description:
      "Rights of the new member, separated by commas: read, call:<pattern>, serve, admin",
    fallback: undefined,
  }),
  force: boolean({ description: "Replace the keys of another cluster" }),
  json: jsonFlag,
};
