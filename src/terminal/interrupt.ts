/** Ctrl-C, as an abort signal. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** Signals by which a person or a supervisor asks a process to end, as far as the system has them. */
export const endSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** Aborts at the first request to end; at the second the process ends at once, with exit code 130. */
export function onInterrupt(): Interrupt {
  const abort = new AbortController();
  const listener = () => {
    if (abort.signal.aborted) Deno.exit(130);
    abort.abort();
  };
  for (const name of endSignals) Deno.addSignalListener(name, listener);
  return {
    signal: abort.signal,
    release() {
      for (const name of endSignals) Deno.removeSignalListener(name, listener);
    },
  };
}
