/** How the runtime's warning begins. */
const warning = "Deno.serve: request.signal aborts on successful responses";

/**
 * Keeps one warning of the runtime from a binary's stderr: that a request's signal also aborts when
 * its answer was sent, unless `no-legacy-abort` is set. It is set, and a binary tells that it is,
 * but its runtime never reads it (2.9.6, `cli/rt/run.rs`). Nothing here minds such an end.
 */
export function withholdSignalWarning(): void {
  if (!Deno.build.standalone) return;
  const { warn } = console;
  console.warn = (...data: unknown[]) => {
    if (typeof data[0] !== "string" || !data[0].startsWith(warning)) return warn(...data);
    // The runtime warns once in a process.
    console.warn = warn;
  };
}
