import { landlockVersion } from "../../workers/sandbox/landlock.ts";
import type { Finding } from "./finding.ts";

/** The system that a sandbox would be on. */
interface System {
  /** The version of Landlock's interface; `0`: there is none. @default asks the kernel */
  readonly landlock?: number;
  /** The kernel's release. @default this one's */
  readonly kernel?: string;
  /** @default this one's */
  readonly os?: typeof Deno.build.os;
  /** Whether this program is a binary. @default looks */
  readonly isBinary?: boolean;
}

/** What would hold the procedures of `rpc serve --allow-...` on this machine. */
export function sandboxFinding(
  {
    os = Deno.build.os,
    isBinary = Deno.build.standalone,
    landlock = landlockVersion(),
    kernel = Deno.osRelease(),
  }: System = {},
): Finding {
  const check = "sandbox";
  const status = "ok";
  const facts = os === "linux" ? { landlock, kernel } : {};
  if (!isBinary) return { check, status, text: "by Deno's permissions", ...facts };
  if (os === "linux" && landlock > 0) {
    const text = `by Landlock ${landlock} (Linux ${kernel}) and Deno's permissions`;
    return { check, status, text, ...facts };
  }
  const reason = os === "linux"
    ? `Linux ${kernel} offers no Landlock here, which is there from 5.13 on unless it is switched ` +
      "off or a container forbids it"
    : "a binary has one on Linux";
  const text = `none, so rpc serve refuses --allow-...: ${reason}; run by deno, rpc has one`;
  return { check, status, text, ...facts };
}
