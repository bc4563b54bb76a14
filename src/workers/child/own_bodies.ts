import { LentBytes } from "../../base/spare_buffers.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { LongLine } from "../../wire/message.ts";
import { BodyFile, bodyFileVariable } from "../body_file.ts";

/** The worker's side of long bodies. */
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
    if (line instanceof LentBytes) this.#join();
    if (this.#file === undefined || !BodyFile.holdsBodyOf(line)) return line;
    return this.#file.take(line);
  }

  /** The server has made the file by the time the first long line is here. */
  #join(): void {
    if (this.#path === undefined) return;
    this.#file = BodyFile.join(this.#path);
    this.#path = undefined;
  }

  /** A line for the pipe whose body is in the file, or the same line if it has to go as it is. */
  put(line: string | LongLine): string | LongLine {
    return typeof line === "string" ? line : this.#file?.put(line) ?? line;
  }
}
