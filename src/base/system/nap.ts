import { mayCallCLibrary, openCLibrary } from "./c_library.ts";

/** The system adds some fifty to it, its slack for timers. */
const microseconds = 1;

let sleep: (() => void) | undefined;

/**
 * Leaves this thread's core to other processes for about a twentieth of a millisecond. Nothing of
 * this process's runs meanwhile. It does nothing where the system is another one than Linux, or the
 * C library cannot be called.
 *
 * `sched_yield` would cost nothing where nobody waits for the core. But Linux takes a whole slice
 * of some milliseconds from who calls it, and keeps the lag of who sleeps.
 */
export function nap(): void {
  sleep ??= opened();
  sleep();
}

function opened(): () => void {
  const nothing = () => {};
  if (Deno.build.os !== "linux" || !mayCallCLibrary()) return nothing;
  // It stays open.
  const library = openCLibrary({ usleep: { parameters: ["u32"], result: "i32" } });
  if (library === undefined) return nothing;
  const { usleep } = library.symbols;
  return () => void usleep(microseconds);
}
