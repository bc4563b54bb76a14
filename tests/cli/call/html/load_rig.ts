import type { CallReport } from "../../../../src/client/call_report.ts";

/** How a call ended that nobody made. */
export function aReport(fields: Partial<CallReport>): CallReport {
  return {
    result: 1,
    error: undefined,
    server: undefined,
    attempts: 1,
    durationMs: 1,
    ...fields,
  };
}
