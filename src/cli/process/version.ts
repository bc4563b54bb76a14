import { version } from "../../base/version.ts";

/** The file in a binary with its {@link BuildFacts}, next to its main module. */
export const buildFile = "build.json";

/** How a binary was made. */
export interface BuildFacts {
  readonly commit: string;
  /** SHA-256 of the runtime that it was compiled onto, in hexadecimal digits. */
  readonly baseSum: string;
}

/**
 * What `rpc --version` prints:
 * `rpc 0.1.0 (commit 0a1b2c3d4e, deno 2.9.6, x86_64-unknown-linux-gnu)`. In place of Deno a binary
 * names the runtime that it was compiled onto: `base denort 2.9.6 sha256 a1b2c3d4e5f6`.
 */
export function versionText(): string {
  const { standalone, target } = Deno.build;
  const facts: Partial<BuildFacts> = standalone ? builtFacts() : { commit: checkedOutCommit() };
  const { commit = "unknown", baseSum = "unknown" } = facts;
  const runtime = standalone
    ? `base denort ${Deno.version.deno} sha256 ${baseSum.slice(0, 12)}`
    : `deno ${Deno.version.deno}`;
  return `rpc ${version} (commit ${commit}, ${runtime}, ${target})`;
}

/** The commit of the working tree, with `-dirty` if it was changed, or `unknown` without git. */
export function checkedOutCommit(): string {
  try {
    const { success, stdout } = new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--exclude=*", "--abbrev=10"],
      cwd: new URL("../../../", import.meta.url),
      stderr: "null",
    }).outputSync();
    const commit = new TextDecoder().decode(stdout).trim();
    return success && commit !== "" ? commit : "unknown";
  } catch {
    return "unknown";
  }
}

function builtFacts(): Partial<BuildFacts> {
  try {
    const text = Deno.readTextFileSync(new URL(buildFile, Deno.mainModule));
    return JSON.parse(text) as BuildFacts;
  } catch {
    return {};
  }
}
