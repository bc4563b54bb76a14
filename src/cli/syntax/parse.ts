import { hintFor } from "../../base/names/nearest.ts";
import type { Command } from "./command.ts";
import { type Flag, kebabCase } from "./flags.ts";
import { UsageError } from "../../base/command_error.ts";

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
  const known = [...Object.keys(command.flags).map((key) => `--${kebabCase(key)}`), "--help"];
  const parameter = command.name === "call"
    ? ` (a parameter is written ${name.replace(/^-+/, "")}=...)`
    : "";
  const otherwise =
    `see rpc ${command.name} --help${parameter}, or put -- before an argument that begins with -`;
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
  const flags = Object.keys(command.flags).length > 0 ? ["[flags]"] : [];
  return [command.name, ...positionals, ...flags].join(" ");
}

/** The meaning of a word of a command line, or of two words that belong together. */
type Token =
  | { readonly kind: "positional"; readonly text: string }
  /** `--`: nothing after it is a flag. */
  | { readonly kind: "end" }
  | { readonly kind: "help" }
  | { readonly kind: "unknown"; readonly name: string }
  | {
    readonly kind: "flag";
    /** As it is written. */
    readonly name: string;
    readonly key: string;
    readonly flag: Flag;
    /** `--no-name`. */
    readonly isNegated: boolean;
    /** Its value; `undefined` if it is missing. A boolean has one only after an equals sign. */
    readonly value: string | undefined;
  };

/**
 * Reads the words after a subcommand, for the parser and for completions: flags anywhere
 * (`--name value`, `--name=value`, `--no-name`), single letters or groups of them (`-n 5`, `-n5`,
 * `-n=5`, `-vn 5`), positionals between them, also negative numbers, and everything after `--`
 * unchanged.
 */
export function* tokensOf(command: Command, words: readonly string[]): Generator<Token> {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "--") {
      yield { kind: "end" };
      for (const text of words.slice(i + 1)) yield { kind: "positional", text };
      return;
    }
    if (word === "--help" || word === "-h") yield { kind: "help" };
    else if (!word.startsWith("-") || word === "-" || /^-\.?\d/.test(word)) {
      yield { kind: "positional", text: word };
    } else {
      for (const token of flagsIn(command, word)) {
        const needsNext = token.kind === "flag" && token.flag.placeholder !== undefined &&
          token.value === undefined;
        yield needsNext ? { ...token, value: words[++i] } : token;
      }
    }
  }
}

/** The flag of that name, `--name` or `-n`. */
export function flagNamed(command: Command, name: string): [key: string, flag: Flag] | undefined {
  return Object.entries(command.flags)
    .find(([key, { short }]) => name === `--${kebabCase(key)}` || name === `-${short}`);
}

function* flagsIn(command: Command, word: string): Generator<Token> {
  const equals = word.indexOf("=");
  const name = equals === -1 ? word : word.slice(0, equals);
  const value = equals === -1 ? undefined : word.slice(equals + 1);
  const found = flagNamed(command, name);
  if (found !== undefined) {
    const [key, flag] = found;
    yield { kind: "flag", name, key, flag, isNegated: false, value };
    return;
  }
  const negated = name.startsWith("--no-") ? flagNamed(command, `--${name.slice(5)}`) : undefined;
  if (negated !== undefined && negated[1].placeholder === undefined) {
    const [key, flag] = negated;
    yield { kind: "flag", name, key, flag, isNegated: true, value };
    return;
  }
  yield* lettersIn(command, word, name);
}

/** A group of letters: booleans, then maybe a flag whose value is the rest of the word. */
function* lettersIn(command: Command, word: string, name: string): Generator<Token> {
  // A long name with a single dash is a mistake, and not a group of letters.
  const isLong = word.startsWith("--") || flagNamed(command, `-${name}`) !== undefined;
  if (isLong) {
    // Of --help=5 the name alone is known, so the word is told whole.
    yield { kind: "unknown", name: name === "--help" ? word : name };
    return;
  }
  const tokens: Token[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = `-${word[at]}`;
    const found = flagNamed(command, letter);
    if (found === undefined) {
      yield { kind: "unknown", name };
      return;
    }
    const [key, flag] = found;
    const rest = word.slice(at + 1);
    const hasValue = flag.placeholder !== undefined || rest.startsWith("=");
    const value = hasValue && rest !== "" ? rest.replace(/^=/, "") : undefined;
    tokens.push({ kind: "flag", name: letter, key, flag, isNegated: false, value });
    if (hasValue) break;
  }
  yield* tokens;
}
