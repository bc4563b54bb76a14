/** A program that is named in place of an interpreter, and looks that up in the path. */
const lookingUp = /\/env$/;

/** Longest first line of a script that systems read, in bytes. */
const firstLineBytesMax = 256;

/**
 * The interpreter in a script's first line, if it does not exist; `undefined` otherwise. The
 * system's own error would name the script, or a name with an invisible carriage return.
 */
export function missingInterpreter(path: string): string | undefined {
  const [interpreter, argument] = interpreterOf(path);
  if (interpreter === undefined) return undefined;
  if (isMissing(interpreter)) return interpreter;
  if (!lookingUp.test(interpreter) || argument === undefined || /^-|\/|=/.test(argument)) {
    return undefined;
  }
  const directories = (Deno.env.get("PATH") ?? "").split(":");
  const isNowhere = directories.every((directory) => isMissing(`${directory || "."}/${argument}`));
  return isNowhere ? `${interpreter} ${argument}` : undefined;
}

function isMissing(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
  }
}

/** The program in a script's first line, and the first word after it. */
export function interpreterOf(path: string): readonly (string | undefined)[] {
  const head = new Uint8Array(firstLineBytesMax);
  try {
    using file = Deno.openSync(path);
    const length = file.readSync(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, length));
    // To the system a carriage return is part of the name.
    return /^#![ \t]*([^ \t\n]+)(?:[ \t]+([^ \t\n]+))?/.exec(text)?.slice(1) ?? [];
  } catch {
    return [];
  }
}
