import { CommandError } from "../../base/command_error.ts";
import { sleep, systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { auditClosingMs, auditPendingMax } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { openToWrite } from "../../terminal/open_to_write.ts";
import type { AuditEntry } from "../../server/audit.ts";
import { recordLine } from "../../base/values/plain_text.ts";

/** How often it looks whether the file was moved away, as those do who rotate logs. */
const rotationLookMs = 1_000;

const lineFeed = 0x0a;
const lineEnd = Uint8Array.of(lineFeed);

/**
 * A file with one JSON object for each call. Only the owner may read the file, since it tells who
 * does what.
 *
 * A full or slow disk holds up no call: lines that cannot be written are counted and reported. A
 * file that was moved away, or removed, is made anew within a second.
 */
export class AuditFile {
  readonly #path: string;
  readonly #log: Logger;
  #file: Deno.FsFile;
  /** A disk that is full may take a part of a line: the next line must not be joined to it. */
  #isCut: boolean;
  #lookedAtMs = systemClock.now();
  #text = "";
  /** Lines in the text. */
  #waiting = 0;
  /** Lines that the system was handed, and has not taken yet. */
  #beingWritten = 0;
  #lost = 0;
  #isTold = false;
  #writing: Promise<void> | undefined;

  /**
   * Opens the file, which is made if need be.
   *
   * @throws {CommandError} it cannot be written
   */
  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
    try {
      this.#file = openAppended(path);
      this.#isCut = endsInsideLine(path);
    } catch (error) {
      throw new CommandError(`Cannot write ${path}: ${messageOf(error)}; choose another --audit`);
    }
  }

  /** Appends a call. Never throws. */
  add(entry: AuditEntry): void {
    if (this.#text.length > auditPendingMax) {
      this.#lost++;
      this.#fail("it takes no more for now");
      return;
    }
    this.#text += lineOf(entry);
    this.#waiting++;
    this.#writing ??= this.#write();
  }

  /** Closes the file when all is written, or cannot be: a hung disk or pipe holds up no end. */
  async close(): Promise<void> {
    const written = new AbortController();
    const writing = this.#writing?.finally(() => written.abort());
    await Promise.race([writing, sleep(systemClock, auditClosingMs, written.signal)]);
    this.#lost += this.#beingWritten + this.#waiting;
    this.#tellLost();
    this.#file.close();
  }

  async #write(): Promise<void> {
    // Lines of one turn of the event loop leave in one write.
    await Promise.resolve();
    while (this.#text !== "") {
      const bytes = new TextEncoder().encode(this.#text);
      this.#text = "";
      this.#beingWritten = this.#waiting;
      this.#waiting = 0;
      let at = 0;
      try {
        this.#followRotation();
        // Alone, so that after a failure it is known whether it was written.
        if (this.#isCut) await this.#file.write(lineEnd);
        this.#isCut = false;
        while (at < bytes.length) at += await this.#file.write(bytes.subarray(at));
        this.#tellLost();
        this.#isTold = false;
      } catch (error) {
        this.#lost += linesIn(bytes.subarray(at));
        if (at > 0) this.#isCut = bytes[at - 1] !== lineFeed;
        this.#fail(messageOf(error));
      }
      this.#beingWritten = 0;
    }
    this.#writing = undefined;
  }

  #fail(reason: string): void {
    if (!this.#isTold) this.#log.error("Cannot write the audit", { path: this.#path, reason });
    this.#isTold = true;
  }

  #followRotation(): void {
    const nowMs = systemClock.now();
    if (nowMs - this.#lookedAtMs < rotationLookMs) return;
    this.#lookedAtMs = nowMs;
    const opened = openedAnew(this.#path, this.#file);
    if (opened === undefined) return;
    this.#file = opened;
    this.#isCut = endsInsideLine(this.#path);
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    this.#log.warn("Calls are missing in the audit", { path: this.#path, calls: this.#lost });
    this.#lost = 0;
  }
}

function openAppended(path: string): Deno.FsFile {
  return openToWrite(path, { append: true, create: true, mode: 0o600 });
}

/**
 * The file that the path names now, in place of `file`, which is closed; `undefined` if they are
 * the same. Windows tells no files apart, and moves none that is open.
 */
function openedAnew(path: string, file: Deno.FsFile): Deno.FsFile | undefined {
  const { dev, ino } = file.statSync();
  if (ino === null) return undefined;
  try {
    const now = Deno.statSync(path);
    if (now.ino === ino && now.dev === dev) return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const opened = openAppended(path);
  file.close();
  return opened;
}

function linesIn(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === lineFeed) lines++;
  return lines;
}

/** Whether what is in a file does not end in a line feed. A pipe or a device holds nothing. */
function endsInsideLine(path: string): boolean {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile || size === 0) return false;
  try {
    using file = Deno.openSync(path);
    file.seekSync(-1, Deno.SeekMode.End);
    const last = new Uint8Array(1);
    return file.readSync(last) === 1 && last[0] !== lineFeed;
  } catch {
    // It may be written and not read: then nobody knows.
    return false;
  }
}

function lineOf({ caller, from, method, outcome, durationMs }: AuditEntry): string {
  return `${
    recordLine({
      time: new Date(systemClock.wallTimeMs()).toISOString(),
      caller: caller ?? null,
      from,
      method,
      outcome,
      ms: Number(durationMs.toFixed(3)),
    })
  }\n`;
}
