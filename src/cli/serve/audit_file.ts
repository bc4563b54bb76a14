import { CommandError } from "../../base/command_error.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { auditPendingMax } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Audit, AuditEntry } from "../../server/audit.ts";
import { jsonLine } from "../../terminal/plain_text.ts";

/**
 * Opens a file and appends one JSON object for each call. Only the owner may read the file, since
 * it tells who does what.
 *
 * A full or slow disk holds up no call: lines that cannot be written are counted and reported. A
 * file that was moved away, or removed, is made anew within a second.
 *
 * @throws {CommandError} the file cannot be written
 */
export function openAudit(
  path: string,
  log: Logger,
): { readonly audit: Audit; close(): Promise<void> } {
  let file: Deno.FsFile;
  // A disk that is full may take a part of a line: the next line must not be joined to it.
  let isCut: boolean;
  try {
    file = openAppended(path);
    isCut = endsInsideLine(path);
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${messageOf(error)}; choose another --audit`);
  }
  let lookedAtMs = systemClock.now();
  let text = "";
  let lost = 0;
  let isTold = false;
  let writing: Promise<void> | undefined;
  const write = async () => {
    // Lines of one turn of the event loop leave in one write.
    await Promise.resolve();
    while (text !== "") {
      const bytes = new TextEncoder().encode(isCut ? `\n${text}` : text);
      text = "";
      let at = 0;
      try {
        if (systemClock.now() - lookedAtMs >= rotationLookMs) {
          lookedAtMs = systemClock.now();
          const opened = openedAnew(path, file);
          if (opened !== undefined) [file, isCut] = [opened, endsInsideLine(path)];
        }
        while (at < bytes.length) at += await file.write(bytes.subarray(at));
        isCut = false;
        if (lost > 0) log.warn("Calls are missing in the audit", { path, calls: lost });
        lost = 0;
        isTold = false;
      } catch (error) {
        lost += linesIn(bytes.subarray(at)) - (isCut && at === 0 ? 1 : 0);
        if (at > 0) isCut = bytes[at - 1] !== lineFeed;
        if (!isTold) log.error("Cannot write the audit", { path, reason: messageOf(error) });
        isTold = true;
      }
    }
    writing = undefined;
  };
  return {
    audit(entry) {
      if (text.length > auditPendingMax) {
        lost++;
        return;
      }
      text += lineOf(entry);
      writing ??= write();
    },
    async close() {
      await writing;
      if (lost > 0) log.warn("Calls are missing in the audit", { path, calls: lost });
      file.close();
    },
  };
}

/** How often it looks whether the file was moved away, as those do who rotate logs. */
const rotationLookMs = 1_000;

const lineFeed = 0x0a;

function openAppended(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
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
    jsonLine({
      time: new Date(systemClock.wallTimeMs()).toISOString(),
      caller: caller ?? null,
      from,
      method,
      outcome,
      ms: Number(durationMs.toFixed(3)),
    })
  }\n`;
}
