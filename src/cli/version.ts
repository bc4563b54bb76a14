import { version } from "../base/version.ts";

/** What `rpc --version` prints. */
export function versionText(): string {
  return `rpc ${version} (deno ${Deno.version.deno}, ${Deno.build.target})`;
}
