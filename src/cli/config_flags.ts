import { jsonFlag } from "./syntax/flags.ts";

/** The flags of `rpc config`. */
export const configFlags = { json: jsonFlag };
