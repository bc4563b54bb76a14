/** Longest first line of a script that a system looks at, in bytes. */
const firstLineBytesMax = 256;

/**
 * What the first line of a script says to run it by, if no such program is there: the system then
 * says of the script itself that it is not there. `undefined` of all else.
 */
export function missingInterpreter(path: string): string | undefined {
  const interpreter = interpreterOf(path);
  if (interpreter === undefined) return undefined;
  try {
    Deno.statSync(interpreter);
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? interpreter : undefined;
  }
}

function interpreterOf(path: string): string | undefined {
  const head = new Uint8Array(firstLineBytesMax);
  try {
    using file = Deno.openSync(path);
    const length = file.readSync(head) ?? 0;
    const text = new TextDecoder().decode(head.subarray(0, length));
    // A carriage return belongs to the name, as the system sees it.
    return /^#![ \t]*([^ \t\n]+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}
