import { RpcError } from "../../base/errors.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { LongLine } from "../../wire/message.ts";
import { BodyFile, bodyFileVariable } from "../body_file.ts";
import { bodyBytesMin } from "../limits.ts";
import { mayUseMemoryFiles } from "../memory_files.ts";

/** The worker's side of long lines. */
export class OwnBodies {
  #path: string | undefined;
  #file: BodyFile | undefined;

  /** @param path where the file will be; `undefined`: the server has none */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** The path is the one that the server has named. Programs that this one starts get none. */
  static ofServer(): OwnBodies {
    const path = Deno.env.get(bodyFileVariable);
    if (path !== undefined) Deno.env.delete(bodyFileVariable);
    return new OwnBodies(path);
  }

  /** A line as it would have come through the pipe. */
  take(line: AnyLine): AnyLine {
    if (line instanceof RpcError) return line;
    if (line.length >= bodyBytesMin) this.#join();
    if (this.#file === undefined || !BodyFile.holdsBodyOf(line)) return line;
    return this.#file.take(line);
  }

  /** The server makes the file when the first long line is on its way, which need not be now. */
  #join(): void {
    if (this.#path === undefined) return;
    this.#file = BodyFile.join(this.#path);
    if (this.#file !== undefined || !mayUseMemoryFiles()) this.#path = undefined;
  }

  /** The line for the pipe that says where this one is, or the same if it has to go as it is. */
  put(line: string | LongLine): string | LongLine {
    return this.#file?.put(line) ?? line;
  }
}
