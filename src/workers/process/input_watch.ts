/**
 * Tells whether a program still has its stdin open. A pipe without a reader is only noticed at the
 * next write, and to a foreign program we can only write calls. On Linux the system tells; on other
 * systems it cannot be known.
 */
export class InputWatch {
  readonly #pid: number;
  readonly #pipe: string | undefined;

  /** @param pid the id of a program that was just started */
  constructor(pid: number) {
    this.#pid = pid;
    this.#pipe = linkOf(`/proc/${pid}/fd/0`);
  }

  /** Whether the program can surely not read any more. */
  get isClosed(): boolean {
    if (this.#pipe === undefined) return false;
    const directory = `/proc/${this.#pid}/fd`;
    try {
      for (const { name } of Deno.readDirSync(directory)) {
        if (linkOf(`${directory}/${name}`) === this.#pipe) return false;
      }
      // Its children may have inherited stdin, and read in its place.
      return Deno.readTextFileSync(`/proc/${this.#pid}/task/${this.#pid}/children`).trim() === "";
    } catch {
      return false;
    }
  }
}

/** The target of a link in `/proc`; `undefined` if it cannot be read. */
function linkOf(path: string): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}
