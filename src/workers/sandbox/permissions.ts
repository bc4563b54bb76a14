/** What procedures in a sandbox may use, in the words of Deno's permissions. */

import { bodyFileVariable } from "../body_file.ts";
import { claimFileVariable } from "../claim_file.ts";
import { collectorVariables } from "../collector_secrets.ts";
import { messageMaxVariable } from "../message_max.ts";
import { descriptorPaths, descriptorsVariable } from "../own_descriptors.ts";

/** The kinds of what can be allowed: files, hosts, environment variables and programs. */
export const permissionNames = ["read", "write", "net", "env", "run"] as const;

/** Names of what may be used, by kind. Nothing else may be. */
export type Permissions = {
  readonly [Name in typeof permissionNames[number]]?: readonly string[];
};

/** With types, which compilers that are not strict would not find. */
const noPaths: Readonly<Record<"read" | "write", readonly string[]>> = { read: [], write: [] };

/** The same with what a worker itself uses of that: its lines, and what its server tells it. */
export function withNeeds(permissions: Permissions): Permissions {
  const { read = [], write = [], env = [] } = permissions;
  const paths = Deno.build.os === "windows" ? noPaths : descriptorPaths;
  return {
    ...permissions,
    ...(read.length + paths.read.length === 0 ? {} : { read: [...read, ...paths.read] }),
    ...(write.length + paths.write.length === 0 ? {} : { write: [...write, ...paths.write] }),
    env: [
      ...env,
      ...[descriptorsVariable, claimFileVariable, bodyFileVariable, messageMaxVariable],
      // To be deleted, before procedures are loaded: a program of `--allow-run` gets what is left.
      ...collectorVariables(),
    ],
  };
}
