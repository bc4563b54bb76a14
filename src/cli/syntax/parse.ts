import { nearest } from "../../base/nearest.ts";
import type { Command } from "./command.ts";
import { type Flag, kebabCase } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** A command line, read: texts only, not yet their values. */
export interface ParsedArguments {
  /** By flag key. A boolean's text is `true` or `false`. */
  readonly flags: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/**
 * Reads what follows a subcommand: flags anywhere (`--name value`, `--name=value`, `-n value`,
 * `--no-name`), positionals between them, negative numbers among these, and everything after `--`
 * as it is.
 *
 * @throws {UsageError} an unknown flag, a missing value, too few or too many positionals
 */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const flags = new Map<string, string>();
  const positionals: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (arg === "--help" || arg === "-h") return { flags, positionals, help: true };
    if (!/^-[^\d.]/.test(arg)) {
      positionals.push(arg);
      continue;
    }
    const [name, inlineValue] = split(arg);
    const [key, flag, negated] = find(command, name);
    if (flag.placeholder === undefined) {
      if (inlineValue !== undefined && negated) throw new UsageError(`${name} takes no value`);
      flags.set(key, negated ? "false" : inlineValue ?? "true");
      continue;
    }
    const value = inlineValue ?? args[++i];
    if (value === undefined) throw new UsageError(`${name} needs a value: ${flag.placeholder}`);
    flags.set(key, value);
  }
  checkCount(command, positionals);
  return { flags, positionals, help: false };
}

function split(arg: string): [name: string, value: string | undefined] {
  const equals = arg.indexOf("=");
  return equals === -1 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

function find(command: Command, name: string): [key: string, flag: Flag, negated: boolean] {
  for (const [key, flag] of Object.entries(command.flags)) {
    const long = kebabCase(key);
    if (name === `--${long}` || name === `-${flag.short}`) return [key, flag, false];
    if (name === `--no-${long}` && flag.placeholder === undefined) return [key, flag, true];
  }
  const known = Object.keys(command.flags).map((key) => `--${kebabCase(key)}`);
  const near = nearest(name, known);
  throw new UsageError(
    near === undefined
      ? `Unknown flag ${name}: see rpc ${command.name} --help, or put -- before an argument that begins with -`
      : `Unknown flag ${name}: did you mean ${near}?`,
  );
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const missing =
    command.positionals.filter(({ count }) => (count ?? "one") === "one")[positionals.length];
  if (missing !== undefined) {
    throw new UsageError(
      `Missing <${missing.name}> (${missing.description}): rpc ${usageOf(command)}`,
    );
  }
  const isOpen = command.positionals.at(-1)?.count === "many";
  if (!isOpen && positionals.length > command.positionals.length) {
    const extra = positionals[command.positionals.length];
    throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}: rpc ${usageOf(command)}`);
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
