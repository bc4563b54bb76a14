import { styleText } from "node:util";
import { wrapped } from "../../terminal/width.ts";
import type { Command } from "./command.ts";
import { environmentName, type Flag, kebabCase } from "./flags.ts";
import { usageOf } from "./parse.ts";

/** The help of the whole program. */
export function programHelp(commands: readonly Command[]): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  return [
    "rpc: publish functions on your network, call them on whichever servers are up",
    "",
    heading("Usage"),
    "  rpc <command> [arguments] [flags]",
    "",
    heading("Commands"),
    ...table(shown.map((command) => [command.name, command.summary])),
    "",
    heading("On one machine, with no set-up"),
    "  rpc serve 127.0.0.1 0              in one terminal, or in several",
    "  rpc call fib 32 --repeat 100       in another",
    "",
    heading("Between machines"),
    "  rpc config set registry zookeeper://192.168.0.211:2181",
    "",
    "rpc help <command> tells more of each. rpc --version tells the version.",
    "",
  ].join("\n");
}

/** The help of one subcommand. */
export function commandHelp(command: Command): string {
  const lines = [command.summary, "", heading("Usage"), `  rpc ${usageOf(command)}`];
  if (command.positionals.length > 0) {
    lines.push("", heading("Arguments"));
    lines.push(...table(command.positionals.map(({ name, description }) => [name, description])));
  }
  const flags = Object.entries(command.flags);
  if (flags.length > 0) {
    lines.push("", heading("Flags"));
    lines.push(...table(flags.map(([key, flag]) => [signature(key, flag), describe(key, flag)])));
  }
  if (command.examples.length > 0) {
    lines.push("", heading("Examples"));
    for (const [commandLine, meaning] of command.examples) {
      lines.push(`  ${commandLine}`, `      ${meaning}`);
    }
  }
  return lines.join("\n") + "\n";
}

function signature(key: string, flag: Flag): string {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.placeholder === undefined ? "" : ` ${flag.placeholder}`;
  return `${short}--${kebabCase(key)}${value}`;
}

function describe(key: string, flag: Flag): string {
  const notes = [flag.description];
  if (flag.placeholder !== undefined && (flag.fallback ?? "") !== "") {
    notes.push(`[default: ${flag.fallback}]`);
  }
  if (flag.setting) notes.push(`[env: ${environmentName(key)}]`);
  return notes.join(" ");
}

function heading(text: string): string {
  return styleText("bold", text);
}

/** What the narrowest usual terminal shows in a line. */
const columns = 80;

/** Two columns; what does not fit beside a long left one goes below it. */
function table(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const leftWidthMax = 24;
  const width = Math.min(leftWidthMax, Math.max(...rows.map(([left]) => left.length)));
  const indent = " ".repeat(2 + width + 2);
  return rows.flatMap(([left, right]) => {
    const lines = wrapped(right, columns - indent.length, 0).split("\n");
    const [first = "", ...more] = lines;
    const below = (left.length > width ? lines : more).map((line) => indent + line);
    return left.length > width ? [`  ${left}`, ...below] : [
      `  ${left.padEnd(width)}  ${first}`,
      ...below,
    ];
  });
}
