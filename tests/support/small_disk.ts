/** A disk of a few kilobytes that can be full: a file system of Linux in memory. */

/** Why there can be none here; `undefined`: there can. */
export function smallDiskMissing(): string | undefined {
  if (Deno.build.os !== "linux") return "file systems in memory are Linux's";
  if (Deno.uid() !== 0) return "only root mounts a disk";
  try {
    new SmallDisk()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : error}`;
  }
}

/** Disposing of it takes it away, whatever is on it. */
export class SmallDisk implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "rpc_disk_" });

  constructor() {
    try {
      run("mount", ["-t", "tmpfs", "-o", "size=64k", "rpc-test", this.directory]);
    } catch (error) {
      Deno.removeSync(this.directory);
      throw error;
    }
  }

  /** Leaves no room for a byte. */
  fill(): void {
    using file = Deno.openSync(this.#filler, { write: true, createNew: true });
    try {
      while (file.writeSync(new Uint8Array(4_096)) > 0);
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOSPC") throw error;
    }
  }

  /** Gives the room back. */
  makeRoom(): void {
    Deno.removeSync(this.#filler);
  }

  get #filler(): string {
    return `${this.directory}/filler`;
  }

  [Symbol.dispose](): void {
    // At once, though a process may still have a file open there.
    run("umount", ["-l", this.directory]);
    Deno.removeSync(this.directory);
  }
}

function run(program: string, args: readonly string[]): void {
  const { success, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr).trim()}`);
}
