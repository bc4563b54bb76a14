import { styleText } from "node:util";
import { lineWidth } from "../../terminal/size.ts";
import { wrapped } from "../../terminal/width.ts";
import type { Command } from "./command.ts";
import { environmentName, type Flag, kebabCase, settingKeyOf } from "./flags.ts";
import { usageOf } from "./parse.ts";

/** The help of the whole program. */
export function programHelp(commands: readonly Command[], columns = helpWidth()): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  return [
    wrapped(
      "rpc: publish functions on your network, call them on whichever servers are up",
      columns,
      0,
    ),
    "",
    heading("Usage"),
    "  rpc <command> [arguments] [flags]",
    "",
    heading("Commands"),
    ...table(shown.map((command) => [command.name, command.summary]), columns),
    "",
    heading("On one machine, without any setup"),
    "  rpc serve 127.0.0.1 0              in one terminal, or in several",
    "  rpc call fib 32 --repeat 100       in another",
    "",
    heading("Between machines"),
    "  rpc config set registry zookeeper://192.168.0.211:2181",
    "",
    wrapped("Run rpc help <command> for details, rpc --version for the version.", columns, 0),
    "",
  ].join("\n");
}

/** The help of one subcommand. */
export function commandHelp(command: Command, columns = helpWidth()): string {
  const summary = wrapped(command.summary, columns, 0);
  const lines = [summary, "", heading("Usage"), `  rpc ${usageOf(command)}`];
  if (command.positionals.length > 0) {
    lines.push("", heading("Arguments"));
    const rows = command.positionals.map(({ name, description }) => [name, description] as const);
    lines.push(...table(rows, columns));
  }
  const flags = Object.entries(command.flags);
  if (flags.length > 0) {
    lines.push("", heading("Flags"));
    const rows = flags.map(([key, flag]) => [signature(key, flag), describe(key, flag)] as const);
    lines.push(...table(rows, columns));
  }
  if (command.examples.length > 0) {
    lines.push("", heading("Examples"));
    for (const [commandLine, meaning] of command.examples) {
      lines.push(`  ${commandLine}`, `      ${wrapped(meaning, columns - 6, 6)}`);
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
  if (flag.placeholder !== undefined && flag.fallbackText !== "") {
    notes.push(unbroken(`[default: ${flag.fallbackText}]`));
  }
  if (flag.setting) notes.push(unbroken(`[env: ${environmentName(settingKeyOf(key, flag))}]`));
  return notes.join(" ");
}

function heading(text: string): string {
  return styleText("bold", text);
}

/** Longest line of the help: longer ones are harder to read. */
const columnsMax = 80;

function helpWidth(): number {
  return Math.min(columnsMax, lineWidth());
}

/** A space at which lines are not broken. */
const unbrokenSpace = "\xa0";

function unbroken(text: string): string {
  return text.replaceAll(" ", unbrokenSpace);
}

/** Two columns. If the left one is too long, the right one goes below it. */
function table(
  rows: readonly (readonly [left: string, right: string])[],
  columns: number,
): string[] {
  const leftWidthMax = 24;
  const width = Math.min(leftWidthMax, Math.max(...rows.map(([left]) => left.length)));
  const indent = " ".repeat(2 + width + 2);
  return rows.flatMap(([left, right]) => {
    const lines = wrapped(right, columns - indent.length, 0).replaceAll(unbrokenSpace, " ")
      .split("\n");
    const [first = "", ...more] = lines;
    const below = (left.length > width ? lines : more).map((line) => indent + line);
    return left.length > width ? [`  ${left}`, ...below] : [
      `  ${left.padEnd(width)}  ${first}`,
      ...below,
    ];
  });
}
