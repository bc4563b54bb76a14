import { jsonFlag } from "./syntax/flags.ts";

/** The flags of `rpc config`. */
export const configFlags = { json: jsonFlag };

/** What `rpc config` can do. */
export const configActions = ["get", "set", "unset", "path", "trust"] as const;
