import { exitCodes } from "../base/command_error.ts";

/** Somebody who listens to signals. */
export interface Listening {
  /** Stops listening. */
  release(): void;
}

/** Ctrl-C, as an abort signal. */
export interface Interrupt extends Listening {
  readonly signal: AbortSignal;
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
 * SIGHUP, the end of the terminal, also aborts, unless the process was started to ignore it.
 *
 * @param hurry what the second request does instead; then the third ends the process
 */
export function onInterrupt(hurry?: () => void): Interrupt {
  const abort = new AbortController();
  let hurryOnce = hurry;
  const { release } = listenForEnd(
    () => {
      if (!abort.signal.aborted) return abort.abort();
      if (hurryOnce === undefined) Deno.exit(exitCodes.interrupted);
      hurryOnce();
      hurryOnce = undefined;
    },
    // SIGHUP may come twice, from the system and from the shell, or with a service's SIGTERM: so it
    // never counts as a second request.
    () => abort.abort(),
  );
  return { signal: abort.signal, release };
}

/**
 * Ends the process at the first request, with exit code 130, while nothing is there that could end
 * in a better way. Who takes over listens by {@link onInterrupt}, and then releases this. It makes
 * no abort signal, the first use of which takes a process half a millisecond.
 */
export function endAtInterrupt(): Listening {
  const end = () => Deno.exit(exitCodes.interrupted);
  return listenForEnd(end, end);
}

/** @param hungUp called when the terminal ends, unless that is to have no effect */
function listenForEnd(asked: () => void, hungUp: () => void): Listening {
  ignoresHangup ??= isHangupIgnored();
  const hangupListener = ignoresHangup ? () => {} : hungUp;
  for (const name of endSignals) Deno.addSignalListener(name, asked);
  // Also where it is ignored: once any signal has a listener, the runtime handles this one too, and
  // without a listener it would end the process.
  Deno.addSignalListener("SIGHUP", hangupListener);
  return {
    release() {
      for (const name of endSignals) Deno.removeSignalListener(name, asked);
      Deno.removeSignalListener("SIGHUP", hangupListener);
    },
  };
}

/** Asked once: where something has listened, the system tells of the runtime's own handler. */
let ignoresHangup: boolean | undefined;

/**
 * Whether SIGHUP is to have no effect, as under `nohup`. Only Linux tells. On other systems a
 * process that writes to a terminal was surely not started by `nohup`; any other may have been.
 */
function isHangupIgnored(): boolean {
  // When a console closes, Windows ends its processes anyway, soon after telling them.
  if (Deno.build.os === "windows") return false;
  if (Deno.build.os !== "linux") return !Deno.stdout.isTerminal() && !Deno.stderr.isTerminal();
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const [ignored = ""] = status.split("\nSigIgn:\t")[1]?.split("\n") ?? [];
    // SIGHUP is signal 1, the lowest bit of a number in hexadecimal digits.
    return (parseInt(ignored.slice(-1), 16) & 1) === 1;
  } catch {
    return true;
  }
}

/** Something that changes the terminal's state, such as raw mode or the second page. */
export interface TerminalState {
  /** Restores the terminal. */
  leave(): void;
  /** Changes it again. */
  enter(): void;
}

/** A listener for the signals that hand the terminal to another program. */
export interface Suspension {
  /** Stops listening. */
  release(): void;
}

/** What a shell reports of a process that SIGQUIT ended: 128 plus the signal's number. */
const quitExitCode = 131;

/**
 * Restores the terminal before Ctrl-Z stops the process or SIGQUIT ends it, and changes it again
 * when the process continues. Windows has no such signals.
 */
export function onSuspend(state: TerminalState): Suspension {
  if (Deno.build.os === "windows") return { release() {} };
  const listeners = new Map<Deno.Signal, () => void>([
    ["SIGTSTP", () => {
      state.leave();
      // With a listener SIGTSTP no longer stops the process, so SIGSTOP has to.
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
