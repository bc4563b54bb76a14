import { dirname, resolve } from "node:path";
import { parse, stringify } from "smol-toml";
import { systemClock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";

/** What a settings file may hold for a name; `undefined`: nothing. */
export type SettingValue = string | number | boolean | undefined;

/** Links that are followed to a file: more of them lead in a circle. */
const linksMax = 32;

/** Of a new file: a registry's address may have a password. */
const newFileMode = 0o600;

/**
 * Sets or takes away one setting in a file, and leaves all else in it as it was: comments, order,
 * mode, owner, and the links by which it is reached. The file is replaced whole, so that no reader
 * and no full disk ever leaves half of one; one that must stay the same file is written anew.
 *
 * @throws {CommandError} it cannot be written, or is read-only
 */
export function writeSetting(path: string, name: string, value: SettingValue): void {
  try {
    const target = followLinks(path);
    const { text, mode } = read(target);
    const changed = withSetting(text, name, value);
    if (changed !== text) replace(target, changed, mode);
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The text of a settings file with one setting changed.
 *
 * @throws {Error} its line cannot be told from others
 */
export function withSetting(toml: string, name: string, value: SettingValue): string {
  const before = parse(toml);
  const lineEnd = toml.includes("\r\n") ? "\r\n" : "\n";
  const whole = toml === "" || toml.endsWith("\n") ? toml : toml + lineEnd;
  // Each with the carriage return that it has or has not: a file may have both.
  const lines = whole.split("\n").slice(0, -1);
  const at = lines.findIndex((line) => assignment(name).test(line));
  const written = value === undefined ? undefined : stringify({ [name]: value }).trim();
  if (at !== -1) {
    const [, indent = "", comment = ""] = assignment(name).exec(lines[at] ?? "") ?? [];
    lines.splice(at, 1, ...(written === undefined ? [] : [indent + written + comment]));
  } else if (written !== undefined) {
    // Behind a table's head it would be the table's.
    const table = lines.findIndex((line) => /^\s*\[/.test(line));
    lines.splice(table === -1 ? lines.length : table, 0, written + lineEnd.slice(0, -1));
  }
  const text = lines.map((line) => `${line}\n`).join("");
  if (!isChangedTo(before, parsed(text), name, value)) {
    throw new Error(`the line of ${name} cannot be told from the others: change it in an editor`);
  }
  return text;
}

/** `undefined`: it is no TOML any more. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A line that gives a name a value on that line, with what stands before the name and behind the
 * value.
 */
function assignment(name: string): RegExp {
  const key = name.replaceAll(/[^\w-]/g, "\\$&");
  const value = `"(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^\\s"'#]+`;
  return new RegExp(`^(\\s*)(?:${key}|"${key}"|'${key}')\\s*=\\s*(?:${value})(\\s*(?:#[^]*)?)$`);
}

function isChangedTo(
  before: Record<string, unknown>,
  after: Record<string, unknown> | undefined,
  name: string,
  value: SettingValue,
): boolean {
  if (after === undefined) return false;
  const names = new Set([...Object.keys(before), ...Object.keys(after), name]);
  return [...names].every((one) =>
    Object.is(JSON.stringify(after[one]), JSON.stringify(one === name ? value : before[one]))
  );
}

/** Where a path leads, also if nothing is there yet. */
function followLinks(path: string): string {
  let target = path;
  for (let links = 0; links < linksMax; links++) {
    try {
      target = resolve(dirname(target), Deno.readLinkSync(target));
    } catch {
      // It is none, or not there: the next step tells.
      return target;
    }
  }
  throw new Error("its links lead in a circle");
}

function read(path: string): { readonly text: string; readonly mode: number } {
  try {
    const { mode } = Deno.statSync(path);
    // Replacing a file asks nobody whether it may be written, and the system's administrator may
    // always.
    Deno.openSync(path, { append: true }).close();
    if (mode !== null && (mode & 0o222) === 0) throw new Error("it is read-only");
    return { text: Deno.readTextFileSync(path), mode: mode === null ? newFileMode : mode & 0o777 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { text: "", mode: newFileMode };
    throw error;
  }
}

/**
 * Whether a file is another one for somebody once it is replaced: it has a second name, or an owner
 * who is not who this process is, and could not read ours.
 */
function isTiedToItsPlace(path: string): boolean {
  try {
    const { nlink, uid, gid } = Deno.statSync(path);
    return (nlink ?? 1) > 1 || uid !== null && uid !== Deno.uid() ||
      gid !== null && gid !== Deno.gid();
  } catch {
    return false;
  }
}

function replace(path: string, text: string, mode: number): void {
  const temporary = `${path}.${Deno.pid}.${Math.floor(systemClock.wallTimeMs())}`;
  try {
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(temporary, text, { mode: newFileMode, createNew: true });
    if (isTiedToItsPlace(path)) {
      // There is room for it, as has just been seen.
      Deno.writeTextFileSync(path, text);
      Deno.removeSync(temporary);
      return;
    }
    if (Deno.build.os !== "windows") Deno.chmodSync(temporary, mode);
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It was never made.
    }
    throw error;
  }
}
