import type { Command } from "./command.ts";
import { type Flag, kebabCase } from "./flags.ts";

/** What a word of a command line is, or two words that belong together. */
export type Token =
  | { readonly kind: "positional"; readonly text: string }
  /** `--`: nothing behind it is a flag. */
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
    /** Of a boolean only what stands behind an equals sign; `undefined`: it is missing. */
    readonly value: string | undefined;
  };

/**
 * Reads what follows a subcommand, for the parser and for completions alike: flags anywhere
 * (`--name value`, `--name=value`, `--no-name`), letters by themselves or together (`-n 5`, `-n5`,
 * `-n=5`, `-vn 5`), positionals between them, negative numbers among these, and everything after
 * `--` as it is.
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

/**
 * Letters in one word: booleans, and then perhaps one with a value, which is the rest of the word.
 */
function* lettersIn(command: Command, word: string, name: string): Generator<Token> {
  // A long name with one dash only is a slip, and not its letters.
  const isLong = word.startsWith("--") || flagNamed(command, `-${name}`) !== undefined;
  if (isLong) {
    yield { kind: "unknown", name };
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
