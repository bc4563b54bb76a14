/** Pause after a failed accept: without it, a lack of file handles would cause a busy loop. */
export const acceptRetryMs = 100;

/**
 * Whether an `accept()` failed for one connection, which its peer gave up before: the next one may
 * be well.
 */
export function isLostConnection(error: unknown): boolean {
  return lostErrors.some((kind) => error instanceof kind);
}

const lostErrors = [
  Deno.errors.NotConnected,
  Deno.errors.ConnectionAborted,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
];
