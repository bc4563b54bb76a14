import { version } from "../../base/version.ts";

/** Where `deno task compile` leaves what the binary shall say of itself, from the project's root. */
export const buildFile = "dist/build.json";

/** What `rpc --version` prints: `rpc 0.1.0 (commit 0a1b2c3d4e, deno 2.9.6, x86_64-unknown-linux-gnu)`. */
export function versionText(): string {
  const commit = Deno.build.standalone ? builtCommit() : checkedOutCommit();
  return `rpc ${version} (commit ${commit}, deno ${Deno.version.deno}, ${Deno.build.target})`;
}

/** The commit of the working tree, `-dirty` if there is more than that, or `unknown` without git. */
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

/** The commit that the binary was built from. */
function builtCommit(): string {
  try {
    const text = Deno.readTextFileSync(new URL(`../../${buildFile}`, import.meta.url));
    const { commit } = JSON.parse(text) as { readonly commit?: unknown };
    return typeof commit === "string" ? commit : "unknown";
  } catch {
    return "unknown";
  }
}
