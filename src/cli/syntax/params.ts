import { messageOf } from "../../base/errors.ts";
import { isExactNumber } from "../../base/values/exact_numbers.ts";
import { isObject } from "../../base/values/members.ts";
import { parseExactly } from "../../wire/exact_json.ts";
import type { Params } from "../../wire/message.ts";
import { shellWord } from "./shell_word.ts";
import { UsageError } from "../../base/command_error.ts";

/** What stands for the call's number in arguments. */
const indexPlaceholder = "{i}";

/** A number as people write it, and JSON does not. */
const bareFraction = /^-?\.\d+$/;

/**
 * Turns the command line's arguments into the parameters of call `i`: each is JSON if it parses,
 * else text. `{i}` is replaced before that, so that `{i}` is a number and `job-{i}` a text. `@path`
 * is what stands in that file, and `@@` a text that begins with one `@`.
 *
 * @param args parameters by position, or all by name: `name=value`
 * @param named a JSON object of named parameters instead
 * @throws {UsageError} both are given, a name twice, `named` is no JSON object, a shell has split
 *   a value, or a file cannot be read
 */
export function paramsMaker(
  args: readonly string[],
  named: string | undefined,
  os = Deno.build.os,
): (i: number) => Params {
  if (named === undefined) {
    const pairs = args.map(namedArgument).filter((match) => match !== null);
    if (pairs.length > 0 && pairs.length < args.length) {
      const named = JSON.stringify(pairs[0]?.[0]);
      const other = JSON.stringify(args.find((arg) => !isNamed(arg)));
      throw new UsageError(
        `Cannot mix arguments by position (${other}) and by name (${named}): give all by name, ` +
          `or write a text with = as JSON: ${shellWord(named, os)}`,
      );
    }
    const twice = pairs.find(([, name], at) => pairs.findIndex(([, one]) => one === name) < at);
    if (twice !== undefined) {
      throw new UsageError(`Cannot pass ${twice[1]} twice: one of its values would be lost`);
    }
    if (pairs.length > 0) {
      const makers = pairs.map(([, name = "", text = ""]) =>
        [name, varying(text, valueOf)] as const
      );
      return (i) => Object.fromEntries(makers.map(([name, make]) => [name, make(i)]));
    }
    refuseSplit(args);
    const makers = args.map((arg) => varying(arg, valueOf));
    return (i) => makers.map((make) => make(i));
  }
  if (args.length > 0) {
    throw new UsageError("Cannot use arguments and --params together: choose one");
  }
  const make = varying(named, (text) => objectOf(ofFile(text)));
  make(1);
  return make;
}

/**
 * An object or a list with spaces that stands in no quotes comes in pieces, without those inside:
 * `{"a": 1}` as `{a:` and `1}`. A function that takes any JSON would take these for texts.
 *
 * @throws {UsageError} arguments look like such pieces
 */
function refuseSplit(args: readonly string[]): void {
  for (const [first, arg] of args.entries()) {
    if (!/^[{[]/.test(arg) || /[}\]]$/.test(arg)) continue;
    const last = args.findIndex((other, at) => at > first && /[}\]]$/.test(other));
    const pieces = args.slice(first, last + 1);
    if (!pieces.slice(0, -1).some((piece) => /[:,]$/.test(piece))) continue;
    throw new UsageError(
      `Cannot use ${pieces.map((piece) => JSON.stringify(piece)).join(" ")}: these look like one ` +
        "JSON value that the shell has split; put the whole in quotes, or write name=value",
    );
  }
}

/**
 * The argument that is read as that value: in JSON, except a text that needs none of its quotes.
 */
export function argumentOf(value: unknown): string {
  const isPlain = typeof value === "string" && !/^[@=]/.test(value) && value !== "" &&
    !isNamed(value) && valueOf(value) === value;
  return isPlain ? value : JSON.stringify(value);
}

/** Whether an argument is one by name. */
export function isNamed(argument: string): boolean {
  return namedArgument(argument) !== null;
}

/**
 * An argument by name. What ends with its equals signs is no name but a text, such as base64. The
 * tables of letters are made with the pattern, and those of a literal when this file is loaded,
 * which takes a third of a millisecond: only whoever names arguments waits for them.
 */
function namedArgument(argument: string): RegExpExecArray | null {
  if (!argument.includes("=")) return null;
  return new RegExp("^([\\p{L}_$][\\p{L}\\p{N}_$-]*)=([^=][^]*)$", "u").exec(argument);
}

/** Reads the text once if it is the same for every call. */
function varying<Value>(text: string, read: (text: string) => Value): (i: number) => Value {
  if (text.includes(indexPlaceholder)) {
    return (i) => read(text.replaceAll(indexPlaceholder, String(i)));
  }
  const value = read(text);
  return () => value;
}

function valueOf(argument: string): unknown {
  if (bareFraction.test(argument)) return Number(argument);
  const text = ofFile(argument);
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

/** What stands in the file that an argument names, or the argument itself. */
function ofFile(argument: string): string {
  if (!argument.startsWith("@")) return argument;
  if (argument.startsWith("@@")) return argument.slice(1);
  const path = argument.slice(1);
  try {
    const bytes = Deno.readFileSync(path);
    if (isUtf16(bytes)) throw new Error("it is UTF-16, and must be UTF-8");
    return utf8Of(bytes);
  } catch (error) {
    throw new UsageError(
      `Cannot read the argument ${argument}: ${messageOf(error)}; ` +
        "write @@ for a text that begins with @",
    );
  }
}

function utf8Of(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8, and must be: bytes go as base64");
  }
}

/** By its mark, or by the zeros of a first character of ASCII. */
function isUtf16([first, second]: Uint8Array): boolean {
  return first === 0xff && second === 0xfe || first === 0xfe && second === 0xff ||
    second !== undefined && (first === 0) !== (second === 0);
}

function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    throw new UsageError(
      `Cannot use --params ${JSON.stringify(text)}: it must be a JSON object, ` +
        `such as {"n": 32}, and n=32 in its place needs no quotes: ${messageOf(error)}`,
    );
  }
  if (isRecord(value)) return value;
  throw new UsageError(
    `Cannot use --params ${JSON.stringify(text)}: it must be a JSON object, such as {"n": 32}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !isExactNumber(value);
}
