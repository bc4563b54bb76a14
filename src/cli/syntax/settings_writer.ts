import { dirname, resolve } from "node:path";
import { parse, stringify } from "smol-toml";
import { systemClock } from "../../base/clock.ts";
import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import { removeQuietly, takePlace } from "../../base/paths.ts";
import { lockFile } from "../../base/system/file_lock.ts";

/** A value in a settings file; `undefined`: the name is not set. */
export type SettingValue = string | number | boolean | undefined;

/** Most links that are followed to a file: more of them form a circle. */
const linksMax = 32;

/** The mode of a new file, since a registry's URL may contain a password. */
const newFileMode = 0o600;

/**
 * Sets or removes one setting in a file, and preserves everything else: comments, order, mode,
 * owner, and links to it. The file is replaced atomically, so that readers and a full disk never
 * see half of it; a file that must not be replaced is overwritten.
 *
 * @throws {CommandError} it cannot be written, or is read-only
 */
export async function writeSetting(
  path: string,
  name: string,
  value: SettingValue,
): Promise<void> {
  try {
    const target = followLinks(path);
    // Where all may write, the file would count no more.
    Deno.mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    // Who changes another setting meanwhile would put back what this one was.
    using _ = await lockFile(`${target}.lock`, "the settings", false);
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
 * @throws {Error} its line cannot be identified
 */
export function withSetting(toml: string, name: string, value: SettingValue): string {
  const before = parse(toml);
  const lineEnd = toml.includes("\r\n") ? "\r\n" : "\n";
  const whole = toml === "" || toml.endsWith("\n") ? toml : toml + lineEnd;
  // Each line keeps its carriage return, if it has one: a file may mix both.
  const lines = whole.split("\n").slice(0, -1);
  const at = lines.findIndex((line) => assignment(name).test(line));
  const written = value === undefined ? undefined : stringify({ [name]: value }).trim();
  if (at !== -1) {
    const [, indent = "", comment = ""] = assignment(name).exec(lines[at] ?? "") ?? [];
    lines.splice(at, 1, ...(written === undefined ? [] : [indent + written + comment]));
  } else if (written !== undefined) {
    // After a table's header it would belong to the table.
    const table = lines.findIndex((line) => /^\s*\[/.test(line));
    lines.splice(table === -1 ? lines.length : table, 0, written + lineEnd.slice(0, -1));
  }
  const text = lines.map((line) => `${line}\n`).join("");
  if (!isChangedTo(before, parsed(text), name, value)) {
    throw new Error(`the line of ${name} cannot be told from the others: change it in an editor`);
  }
  return text;
}

/** Parses TOML; `undefined` if it is invalid. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Matches a line that assigns a value to a name, with the parts before the name and after the
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

/** The target of a path, even if it does not exist. */
function followLinks(path: string): string {
  let target = path;
  for (let links = 0; links < linksMax; links++) {
    try {
      target = resolve(dirname(target), Deno.readLinkSync(target));
    } catch {
      // It is no link, or does not exist. The next step will tell.
      return target;
    }
  }
  throw new Error("its links lead in a circle");
}

function read(path: string): { readonly text: string; readonly mode: number } {
  try {
    const { mode } = Deno.statSync(path);
    // Replacing a file does not check whether it may be written, and root may always write.
    Deno.openSync(path, { append: true }).close();
    if (mode !== null && (mode & 0o222) === 0) throw new Error("it is read-only");
    return { text: Deno.readTextFileSync(path), mode: mode === null ? newFileMode : mode & 0o777 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { text: "", mode: newFileMode };
    throw error;
  }
}

/**
 * Whether a file must not be replaced: it has a second hard link, or another owner, who could not
 * read our new file.
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
    Deno.writeTextFileSync(temporary, text, { mode: newFileMode, createNew: true });
    if (isTiedToItsPlace(path)) {
      // There is room: the temporary file was just written.
      Deno.writeTextFileSync(path, text);
      Deno.removeSync(temporary);
      return;
    }
    if (Deno.build.os !== "windows") Deno.chmodSync(temporary, mode);
    takePlace(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}
