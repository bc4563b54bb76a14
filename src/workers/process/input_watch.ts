/**
 * Whether a program still has the pipe open that is its stdin. Of a pipe whose reader has gone one
 * is told at the next write, and to a program of somebody else's there is nothing to write but
 * calls. On Linux the system can be asked; elsewhere nobody can tell.
 */
export class InputWatch {
  readonly #pid: number;
  readonly #pipe: string | undefined;

  /** @param pid of a program that was just started */
  constructor(pid: number) {
    this.#pid = pid;
    this.#pipe = linkOf(`/proc/${pid}/fd/0`);
  }

  /** Whether the program certainly cannot be sent anything any more. */
  get isClosed(): boolean {
    if (this.#pipe === undefined) return false;
    const directory = `/proc/${this.#pid}/fd`;
    try {
      for (const { name } of Deno.readDirSync(directory)) {
        if (linkOf(`${directory}/${name}`) === this.#pipe) return false;
      }
      // What it has started may have it, and read it in its place.
      return Deno.readTextFileSync(`/proc/${this.#pid}/task/${this.#pid}/children`).trim() === "";
    } catch {
      return false;
    }
  }
}

/** `undefined`: it has gone, is somebody else's, or this system has no such thing. */
function linkOf(path: string): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}
