import { CommandError } from "../../base/command_error.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { auditPendingMax } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Audit, AuditEntry } from "../../server/audit.ts";

/**
 * Opens a file for one JSON object a call. What is there stays. The file is its owner's alone, since it
 * tells who does what.
 *
 * A disk that is full or slow holds up no call: lines that cannot be written are counted, and told.
 *
 * @throws {CommandError} the file cannot be written
 */
export function openAudit(path: string, log: Logger): { readonly audit: Audit; close(): void } {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${messageOf(error)}; choose another --audit`);
  }
  let text = "";
  let lost = 0;
  let isWriting = false;
  const write = async () => {
    isWriting = true;
    try {
      while (text !== "") {
        const bytes = new TextEncoder().encode(text);
        text = "";
        for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        if (lost > 0) log.warn("Calls are missing in the audit", { path, calls: lost });
        lost = 0;
      }
    } catch (error) {
      if (lost === 0) log.error("Cannot write the audit", { path, reason: messageOf(error) });
      lost++;
    }
    isWriting = false;
  };
  return {
    audit(entry) {
      if (text.length > auditPendingMax) {
        lost++;
        return;
      }
      text += lineOf(entry);
      if (!isWriting) void Promise.resolve().then(write);
      isWriting = true;
    },
    close() {
      try {
        file.writeSync(new TextEncoder().encode(text));
        file.close();
      } catch {
        // It was told when it began to fail.
      }
    },
  };
}

function lineOf({ caller, from, method, outcome, durationMs }: AuditEntry): string {
  return `${
    JSON.stringify({
      time: new Date(systemClock.wallTimeMs()).toISOString(),
      caller: caller ?? null,
      from,
      method,
      outcome,
      ms: Number(durationMs.toFixed(3)),
    })
  }\n`;
}
