import type { Logger } from "../../../src/base/log.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A log that is kept, for tests. */
export class MemoryLog implements Logger {
  /** Its lines so far. */
  text = "";

  /** Resolves when it holds something like this. */
  async says(pattern: RegExp): Promise<void> {
    await waitFor(`${pattern} in the log`, () => pattern.test(this.text));
  }

  debug(): void {}

  info(message: string, fields?: Record<string, unknown>): void {
    this.text += `${message} ${Object.values(fields ?? {}).join(" ")}\n`;
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.info(message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    this.info(message, fields);
  }
}
