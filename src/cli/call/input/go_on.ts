import { withoutPassword } from "../../../discovery/registry_url.ts";
import { plainLine } from "../../../base/values/plain_text.ts";
import type { Command } from "../../syntax/command.ts";
import { environmentName, kebabCase } from "../../syntax/flags.ts";
import { shellLines } from "../../syntax/shell_word.ts";
import type { RunEnd } from "../run.ts";

/** The command line that stopped. */
interface Stopped {
  readonly method: string;
  readonly flags: Command["flags"];
  /** Texts of the flags that were given, by key. */
  readonly given: ReadonlyMap<string, string>;
  readonly input: string;
  /** Lines that were skipped at the beginning. */
  readonly skip: number;
  /** @default the environment */
  readonly environment?: (name: string) => string | undefined;
  readonly os?: typeof Deno.build.os;
}

/** The message of a run that stopped before the last line: where it stopped, and how to go on. */
export function stopText(end: RunEnd, stopped: Stopped): string {
  const { skip } = stopped;
  const lastRun = Math.max(end.lastRun, skip);
  const last = end.lost.reduce((least, { number }) => Math.min(least, number - 1), lastRun);
  const where = whereOf(last, lastRun, stopped.skip, end.failed);
  return plainLine(`rpc: stopped (${end.stoppedBecause}) ${where}${goOnText(last, stopped)}`);
}

function whereOf(last: number, lastRun: number, skip: number, failed: number): string {
  if (lastRun === 0) return "before the first line";
  if (lastRun === skip) return `before line ${skip + 1}`;
  if (last === lastRun) {
    const except = failed === 0 ? "" : `, except the ${failed} that failed`;
    return `after line ${last}: all lines up to it are done${except}, and none after it has run`;
  }
  return `after line ${last}: the results of all lines up to it are kept; those up to ` +
    `${lastRun} have run too, but results of some of them are lost`;
}

function goOnText(last: number, stopped: Stopped): string {
  if (last === 0) return "";
  if (stopped.input === "-") return `; go on with the same lines and --skip ${last}`;
  const { line, inPowerShell } = shellLines(commandWords(last, stopped), stopped.os);
  const otherwise = inPowerShell === undefined ? "" : `, or in PowerShell: ${inPowerShell}`;
  return `; go on with: ${line}${otherwise}`;
}

/** The command line that was typed, but with `--skip` for the lines that are done. */
function commandWords(last: number, stopped: Stopped): string[] {
  const { method, flags, given, input } = stopped;
  const environment = stopped.environment ?? ((name) => Deno.env.get(name));
  const words = ["rpc", "call"];
  // A method that looks like a flag has to come after `--`.
  if (!method.startsWith("-")) words.push(method);
  words.push("--input", input, "--skip", String(last));
  for (const [key, flag] of Object.entries(flags)) {
    if (key === "input" || key === "skip") continue;
    // A variable that was set only for this command is gone when the next one is typed.
    const said = flag.setting ? environment(environmentName(key)) : undefined;
    const text = given.get(key) ?? (said || undefined);
    if (text === undefined) continue;
    const shown = key === "registry" ? withoutPassword(text) : text;
    // A password is not shown. If it came from the environment, it is most likely still there.
    if (shown !== text && !given.has(key)) continue;
    const name = kebabCase(key);
    if (flag.placeholder !== undefined) {
      words.push(`--${name}`, shown);
    } else words.push(flag.parse(text) === true ? `--${name}` : `--no-${name}`);
  }
  if (method.startsWith("-")) words.push("--", method);
  return words;
}
