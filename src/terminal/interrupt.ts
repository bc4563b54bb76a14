/** Ctrl-C, as an abort signal. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/**
 * Signals by which a person or a supervisor asks a process to end, as far as the system has them.
 * Not SIGTERM on Windows: a service gets it there whenever anybody logs off.
 */
const endSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Aborts at the first request to end; at the second the process ends at once, with exit code 130.
 * The end of the terminal is such a request too, unless it was to be ignored from the start: what
 * is under way ends as at Ctrl-C, and a screen is given back.
 *
 * @param hurry what the second does instead: the process ends at once at the third
 */
export function onInterrupt(hurry?: () => void): Interrupt {
  const abort = new AbortController();
  let hurryOnce = hurry;
  const listener = () => {
    if (!abort.signal.aborted) return abort.abort();
    if (hurryOnce === undefined) Deno.exit(130);
    hurryOnce();
    hurryOnce = undefined;
  };
  const isIgnored = ignoresHangup();
  const hangupListener = () => {
    // It comes twice, from the system and from the shell, and with a service's SIGTERM: that is no
    // hurry.
    if (!isIgnored) abort.abort();
  };
  for (const name of endSignals) Deno.addSignalListener(name, listener);
  // Also where it is ignored: the runtime ends that by listening to it with the first of the
  // others.
  Deno.addSignalListener("SIGHUP", hangupListener);
  return {
    signal: abort.signal,
    release() {
      for (const name of endSignals) Deno.removeSignalListener(name, listener);
      Deno.removeSignalListener("SIGHUP", hangupListener);
    },
  };
}

/**
 * Whether SIGHUP is to have no effect, as under `nohup`. Only Linux tells. Elsewhere a process that
 * writes to a terminal was not started by `nohup`, and any other may have been.
 */
function ignoresHangup(): boolean {
  // The end of a console is the end of what is in it, as soon as that was told.
  if (Deno.build.os === "windows") return false;
  if (Deno.build.os !== "linux") return !Deno.stdout.isTerminal() && !Deno.stderr.isTerminal();
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const [, ignored = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    // SIGHUP is signal 1, the lowest bit.
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    return true;
  }
}

/** What keeps a terminal in a state of its own. */
export interface TerminalState {
  /** Gives the terminal back as it was. */
  leave(): void;
  /** Takes it again. */
  enter(): void;
}

/** Listens for signals that hand the terminal to somebody else. */
export interface Suspension {
  /** Stops listening. */
  release(): void;
}

/** As a shell tells of a process that SIGQUIT ended: 128 and the signal's number. */
const quitExitCode = 131;

/**
 * Gives the terminal back before Ctrl-Z stops the process, and before SIGQUIT ends it; takes it
 * again when the process goes on. Windows has no such signals.
 */
export function onSuspend(state: TerminalState): Suspension {
  if (Deno.build.os === "windows") return { release() {} };
  const listeners = new Map<Deno.Signal, () => void>([
    ["SIGTSTP", () => {
      state.leave();
      // What is listened to has no other effect any more, so another signal has to stop us.
      Deno.kill(Deno.pid, "SIGSTOP");
    }],
    ["SIGCONT", () => state.enter()],
    ["SIGQUIT", () => {
      state.leave();
      Deno.exit(quitExitCode);
    }],
  ]);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  return {
    release() {
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
