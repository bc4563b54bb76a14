/** What is named in place of an interpreter, to look it up as a shell would. */
const lookingUp = /\/env$/;

/** Longest first line of a script that a system looks at, in bytes. */
const firstLineBytesMax = 256;

/**
 * What the first line of a script says to run it by, if no such program is there: the system, or
 * `env`, then says of the script itself, or of a name with a carriage return, that it is not there.
 * `undefined` of all else.
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

/** The program, and the first word after it. */
function interpreterOf(path: string): readonly (string | undefined)[] {
  const head = new Uint8Array(firstLineBytesMax);
  try {
    using file = Deno.openSync(path);
    const length = file.readSync(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, length));
    // A carriage return belongs to the name, as the system sees it.
    return /^#![ \t]*([^ \t\n]+)(?:[ \t]+([^ \t\n]+))?/.exec(text)?.slice(1) ?? [];
  } catch {
    return [];
  }
}
