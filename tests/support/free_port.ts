/**
 * Ports for servers that are told their port before they run.
 *
 * Not from the range that systems take for outgoing connections (49,152 and up by RFC 6335; Linux
 * begins at 32,768): between the choice and the server's start, or while a restarted server is
 * down, one of a test run's thousands of connections would get it now and then.
 */

const first = 10_000;
const last = 32_767;

/**
 * Processes of tests that run at the same time seldom share a part of the range: a port that one
 * has given, and on which nobody listens yet or any more, is not given by another one.
 */
const parts = 64;
const partSize = Math.floor((last - first + 1) / parts);
const ownFirst = first + (Deno.pid % parts) * partSize;

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, and that this process has not given before. */
export function freePort(): number {
  while (true) {
    const port = ownFirst + Math.floor(Math.random() * partSize);
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
