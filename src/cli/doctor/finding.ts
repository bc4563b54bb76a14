/** What one look has come to. */
export interface Finding {
  /** What was looked at, in a word. */
  readonly check: "keys" | "sandbox" | "registry" | "clock" | "server" | "versions" | "service";
  /** `hint`: it works, and could be better. */
  readonly status: "ok" | "hint" | "wrong";
  readonly text: string;
  /** What to do about it. */
  readonly todo?: string;
  /** Of the sandbox: the version of Landlock's interface; `0`: there is none. Linux only. */
  readonly landlock?: number;
  /** Of the sandbox: the kernel's release, such as `6.1.0-18-amd64`. Linux only. */
  readonly kernel?: string;
}

/** A clock that is off by more than that makes keys count too early or too late, and logs lie. */
const clockOffMsMax = 5_000;

/**
 * What to say of a clock.
 *
 * @param whose such as `ZooKeeper's clock`
 * @param offMs how far it is before this machine's; negative: behind
 * @param unsureMs by how much that may be wrong
 */
export function clockFinding(whose: string, offMs: number, unsureMs: number): Finding {
  const off = Math.abs(offMs) <= unsureMs ? 0 : Math.abs(offMs);
  if (off <= clockOffMsMax) {
    const text = off < 1_000 ? "agrees with this machine's" : `is off by ${seconds(off)}`;
    return { check: "clock", status: "ok", text: `${whose} ${text}` };
  }
  return {
    check: "clock",
    status: "wrong",
    text: `${whose} is ${seconds(off)} ${offMs > 0 ? "ahead of" : "behind"} this machine's`,
    todo: "set both by NTP (Linux: timedatectl set-ntp true; Windows: w32tm /resync)",
  };
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}
