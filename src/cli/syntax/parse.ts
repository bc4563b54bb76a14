import { hintFor } from "../../base/names/nearest.ts";
import type { Command } from "./command.ts";
import { kebabCase } from "./flags.ts";
import { type Token, tokensOf } from "./tokens.ts";
import { UsageError } from "./usage_error.ts";

/** A parsed command line: texts, not yet values. */
interface ParsedArguments {
  /** By flag key. A boolean's text is `true` or `false`. */
  readonly flags: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * Parses the words after a subcommand, by {@link tokensOf}, and refuses invalid ones.
 *
 * @throws {UsageError} an unknown flag, a missing value, too few or too many positionals
 */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const flags = new Map<string, string>();
  const positionals: string[] = [];
  for (const token of tokensOf(command, args)) {
    switch (token.kind) {
      case "positional":
        positionals.push(token.text);
        break;
      case "end":
        break;
      case "help":
        return { flags, positionals, help: true };
      case "unknown":
        throw unknown(command, token.name);
      case "flag":
        flags.set(token.key, joined(token, flags.get(token.key)));
    }
  }
  checkCount(command, positionals);
  return { flags, positionals, help: false };
}

/** The text of a flag that may have come before: of a list both count, or else the later one. */
function joined(token: Extract<Token, { kind: "flag" }>, before: string | undefined): string {
  const text = textOf(token);
  return token.flag.isList && before !== undefined ? `${before},${text}` : text;
}

function textOf({ name, flag, isNegated, value }: Extract<Token, { kind: "flag" }>): string {
  if (flag.placeholder === undefined) {
    if (value !== undefined && isNegated) throw new UsageError(`${name} takes no value`);
    return isNegated ? "false" : value ?? "true";
  }
  if (value === undefined) throw new UsageError(`${name} needs a value: ${flag.placeholder}`);
  return value;
}

function unknown(command: Command, name: string): UsageError {
  const known = Object.keys(command.flags).map((key) => `--${kebabCase(key)}`);
  const otherwise =
    `see rpc ${command.name} --help, or put -- before an argument that begins with -`;
  return new UsageError(`Unknown flag ${name}: ${hintFor(name, known, otherwise)}`);
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const missing =
    command.positionals.filter(({ count }) => (count ?? "one") === "one")[positionals.length];
  if (missing !== undefined) {
    throw new UsageError(
      `Missing <${missing.name}>, ${missing.description}. Usage: rpc ${usageOf(command)}`,
    );
  }
  const isOpen = command.positionals.at(-1)?.count === "many";
  if (!isOpen && positionals.length > command.positionals.length) {
    const extra = positionals[command.positionals.length];
    throw new UsageError(
      `Unexpected argument ${JSON.stringify(extra)}. Usage: rpc ${usageOf(command)}`,
    );
  }
}

/** The form of a command line: `serve <host> <port> [flags]`. */
export function usageOf(command: Command): string {
  const positionals = command.positionals.map(({ name, count }) => {
    if (count === "many") return `[${name}...]`;
    return count === "optional" ? `[${name}]` : `<${name}>`;
  });
  return [command.name, ...positionals, "[flags]"].join(" ");
}
