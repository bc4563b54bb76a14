import { boolean, jsonFlag, list, registryFlags, text } from "../syntax/flags.ts";

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

/** One of {@link keysActions}. */
export type KeysAction = (typeof keysActions)[number];

/** What an action takes, apart from the flags that every action takes: the registry's. */
interface ActionForm {
  /** What its target is; without this it has none. */
  readonly target?: string;
  readonly flags: readonly ("name" | "rights" | "force" | "json")[];
}

/** What each action takes. */
export const keysForms: Readonly<Record<KeysAction, ActionForm>> = {
  init: { flags: ["name", "json"] },
  invite: { target: "HOST:PORT", flags: ["name", "rights"] },
  join: { target: "HOST:PORT", flags: ["name", "force", "json"] },
  export: { target: "NAME", flags: ["name", "rights"] },
  import: { target: "FILE", flags: ["force", "json"] },
  show: { flags: ["json"] },
  renew: { flags: ["json"] },
  zookeeper: { target: "HOST", flags: [] },
};

/** The flags of `rpc keys`. */
export const keysFlags = {
  ...registryFlags,
  name: text("<name>", {
    description: "Name of the machine or member (default: this machine's host name)",
    fallback: undefined,
  }),
  rights: list("<list>", {
    description:
      "Rights of the new member, separated by commas: read, call:<pattern>, serve, admin",
    fallback: undefined,
  }),
  force: boolean({ description: "Replace the keys of another cluster" }),
  json: jsonFlag,
};
