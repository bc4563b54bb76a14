/**
 * Ports for servers that are told their port before they run.
 *
 * Not from the range that systems take for outgoing connections (49,152 and up by RFC 6335; Linux
 * begins at 32,768): between the choice and the server's start, or while a restarted server is
 * down, one of a test run's thousands of connections would get it now and then.
 */

const first = 10_000;
const last = 32_767;

/** Processes of tests that run at the same time each give ports of a part of the range. */
const parts = 64;
const partSize = Math.floor((last - first + 1) / parts);

/**
 * The first port of this process's part. It is held as long as the process lives, so that no other
 * process takes the part: a port on which nobody listens yet, or any more, stays ours.
 */
const { addr: { port: heldPort } } = holdPart();

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, and that this process has not given before. */
export function freePort(): number {
  while (true) {
    const port = heldPort + 1 + Math.floor(Math.random() * (partSize - 1));
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
}

function holdPart(): Deno.TcpListener {
  for (let i = 0; i < parts; i++) {
    const listener = listenOn(first + ((Deno.pid + i) % parts) * partSize);
    if (listener !== undefined) return listener;
  }
  throw new Error(`Somebody listens on the first port of each of ${parts} parts`);
}

function isFree(port: number): boolean {
  const listener = listenOn(port);
  listener?.close();
  return listener !== undefined;
}

/** `undefined`: somebody else does. */
function listenOn(port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
